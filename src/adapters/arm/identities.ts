/** Managed identities, with @azure/arm-msi. */
import type { Identity } from "@azure/arm-msi";
import { TransientError } from "../../domain/errors.ts";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import type { IdentityRef, ManagedIdentities, ManagedIdentity } from "../../ports/identities.ts";
import { createFederatedCredentials } from "./federatedCredentials.ts";
import { createIdentityCalls, type IdentityCallsOptions, nameOf } from "./identityCalls.ts";
import type { IdentityPace } from "./identityPace.ts";

export function createManagedIdentities({
  pace,
  ...options
}: IdentityCallsOptions & { readonly pace: IdentityPace }): ManagedIdentities {
  const calls = createIdentityCalls({ pace, ...options });
  const { call, find } = calls;

  return {
    pace: pace.ofWrites,

    async get(ref) {
      const found = await find({ ref, kind: "get", doing: `Read ${nameOf(ref)}` }, (client, options) =>
        client.userAssignedIdentities.get(ref.resourceGroup, ref.name, options),
      );
      return found && toIdentity(ref, found);
    },

    async listIn(place) {
      const { resourceGroup } = place;
      const ref = { ...place, name: "" };
      const doing = `List the identities in resource group "${resourceGroup}"`;
      const found = await find({ ref, kind: "list", doing }, async (client, options) => {
        const identities: ManagedIdentity[] = [];
        for await (const each of client.userAssignedIdentities.listByResourceGroup(resourceGroup, options))
          identities.push(toIdentity(ref, each));
        return identities;
      });
      return found ?? [];
    },

    async put(ref, { location, tags }) {
      const doing = `Create or update ${nameOf(ref)}`;
      const written = await call({ ref, kind: "write", doing }, (client, options) =>
        client.userAssignedIdentities.createOrUpdate(ref.resourceGroup, ref.name, { location, tags }, options),
      );
      return toIdentity(ref, written);
    },

    async remove(ref) {
      await find({ ref, kind: "delete", doing: `Delete ${nameOf(ref)}` }, (client, options) =>
        client.userAssignedIdentities.delete(ref.resourceGroup, ref.name, options),
      );
    },

    ...createFederatedCredentials(calls),
  };
}

function toIdentity(ref: IdentityRef, identity: Identity): ManagedIdentity {
  const { id, location, tags = {}, tenantId } = identity;
  const pair = IdentityPair.safeParse(identity).data;
  if (!id || !pair || !tenantId) {
    throw new TransientError("ARM_UNAVAILABLE", `Azure's answer for ${nameOf(ref)} lacks its ids.`);
  }
  return { id, name: identity.name ?? ref.name, location, tags, ...pair, tenantId };
}
