/** Calls about one managed identity, with @azure/arm-msi: each attempt waits for its turn. */
import type { ManagedServiceIdentityClient } from "@azure/arm-msi";
import type { IdentityRef } from "../../ports/identities.ts";
import type { Caller, CallOptions } from "./caller.ts";
import type { IdentityCall, IdentityPace } from "./identityPace.ts";

export interface IdentityAsk {
  readonly ref: IdentityRef;
  readonly kind: IdentityCall;
  /** Describes the call in error messages. */
  readonly doing: string;
}

type Send<T> = (client: ManagedServiceIdentityClient, options: CallOptions) => Promise<T>;

export interface IdentityCalls {
  call<T>(ask: IdentityAsk, send: Send<T>): Promise<T>;
  /** The same, but undefined for 404. */
  find<T>(ask: IdentityAsk, send: Send<T>): Promise<T | undefined>;
}

export interface IdentityCallsOptions {
  readonly clientFor: (subscriptionId: string) => Promise<ManagedServiceIdentityClient>;
  readonly caller: Caller;
  readonly pace: Pick<IdentityPace, "turn">;
}

export function createIdentityCalls({ clientFor, caller, pace }: IdentityCallsOptions): IdentityCalls {
  async function ready<T>({ ref, kind }: IdentityAsk, send: Send<T>) {
    const client = await clientFor(ref.subscriptionId);
    const turn = () => pace.turn(kind, { subscription: ref.subscriptionId, identity: keyOf(ref) });
    return [(options: CallOptions) => send(client, options), turn] as const;
  }
  return {
    call: async (ask, send) => await caller.call(ask.doing, ...(await ready(ask, send))),
    find: async (ask, send) => await caller.find(ask.doing, ...(await ready(ask, send))),
  };
}

export function nameOf(ref: IdentityRef): string {
  return `identity "${ref.name}" in resource group "${ref.resourceGroup}"`;
}

/** ARM ignores case in names. */
export function keyOf({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  return `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();
}
