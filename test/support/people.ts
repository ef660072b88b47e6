/** People who call a sandbox with authentication, each with a token of Microsoft Entra, as the simulated one issues it. */
import { randomUUID } from "node:crypto";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { type Service, serviceOf } from "./service.ts";

export type Team = "red" | "blue";
export const roleOf = { request: "Onboarding.Request", approve: "Onboarding.Approve", operate: "Onboarding.Operate" };

export interface Person {
  readonly team?: Team;
  readonly role?: keyof typeof roleOf;
}

/** A person, with changes to the claims of the token. */
export type Claimant = Person & { readonly changes?: Readonly<Record<string, unknown>> };

type Place = Pick<Sandbox, "url" | "cloud">;

export function tokenOf(
  { cloud: { callers, entra } }: Pick<Place, "cloud">,
  { team, role, changes = {} }: Claimant,
): Promise<string> {
  if (!callers) throw new Error("the sandbox has no callers");
  return entra.apiToken({
    audience: callers.audience,
    oid: randomUUID(),
    clientId: randomUUID(),
    scope: "access",
    groups: team ? [callers.groups[team]] : [],
    roles: role ? [roleOf[role]] : [],
    changes,
  });
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The service, called by a new person. */
export async function serviceAs(sandbox: Place, person: Claimant): Promise<Service> {
  return serviceOf({ url: sandbox.url }, bearer(await tokenOf(sandbox, person)));
}
