/** Managed identities and their federated credentials, with @azure/arm-msi. */

import type { FederatedIdentityCredential, Identity, ManagedServiceIdentityClient } from "@azure/arm-msi";
import { afterAcceptance, PermanentError, TransientError } from "../../domain/errors.ts";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import { createSerial } from "../../domain/serial.ts";
import type { FederatedCredential, IdentityRef, ManagedIdentities, ManagedIdentity } from "../../ports/identities.ts";
import type { Caller } from "./caller.ts";
import { isBadRequest } from "./errors.ts";
import type { IdentityCall, IdentityPace } from "./identityPace.ts";

/** Azure's limit per identity. */
const maximumCredentials = 20;

export function createManagedIdentities({
  clientFor,
  caller: { call, find },
  pace,
}: {
  clientFor: (subscriptionId: string) => Promise<ManagedServiceIdentityClient>;
  caller: Caller;
  pace: IdentityPace;
}): ManagedIdentities {
  // Azure refuses concurrent writes under one identity with 409, or accepts both and loses one.
  const serial = createSerial();

  const turnOf = (ref: IdentityRef, kind: IdentityCall) => () =>
    pace.turn(kind, { subscription: ref.subscriptionId, identity: key(ref) });

  async function list(ref: IdentityRef): Promise<FederatedCredential[]> {
    const { federatedIdentityCredentials } = await clientFor(ref.subscriptionId);
    const found = await find(
      `List the federated credentials of ${name(ref)}`,
      async (options) => {
        const credentials: FederatedCredential[] = [];
        for await (const credential of federatedIdentityCredentials.list(ref.resourceGroup, ref.name, options)) {
          credentials.push(toCredential(credential));
        }
        return credentials;
      },
      turnOf(ref, "list"),
    );
    return found ?? [];
  }

  async function writeCredential(ref: IdentityRef, credential: FederatedCredential): Promise<void> {
    const { federatedIdentityCredentials } = await clientFor(ref.subscriptionId);
    const { issuer, subject } = credential;
    const audiences = [...credential.audiences];
    const doing = `Write the federated credential "${credential.name}" of ${name(ref)}`;
    try {
      await call(
        doing,
        (options) =>
          federatedIdentityCredentials.createOrUpdate(
            ref.resourceGroup,
            ref.name,
            credential.name,
            { issuer, subject, audiences },
            options,
          ),
        turnOf(ref, "write"),
      );
    } catch (error) {
      throw error instanceof PermanentError && isBadRequest(error.cause)
        ? await explain(ref, credential, error)
        : error;
    }
    await afterAcceptance(async () => {
      const stored = await find(
        `${doing}, then read it back`,
        (options) => federatedIdentityCredentials.get(ref.resourceGroup, ref.name, credential.name, options),
        turnOf(ref, "get"),
      );
      if (stored?.issuer !== issuer || stored.subject !== subject || stored.audiences?.join() !== audiences.join()) {
        throw new TransientError(
          "CONCURRENT_CREDENTIAL_WRITE",
          `${doing}: Azure accepted it, but now has ${stored ? "a different one" : "none"}; someone else wrote at the same time.`,
        );
      }
    });
  }

  /** Azure answers `400 BadRequest` for every broken rule; the identity's credentials show which one it was. */
  async function explain(
    ref: IdentityRef,
    wanted: FederatedCredential,
    error: PermanentError,
  ): Promise<PermanentError> {
    const existing = await list(ref);
    const other = existing.find(
      ({ name, issuer, subject }) =>
        !isSame(name, wanted.name) && issuer === wanted.issuer && subject === wanted.subject,
    );
    if (other) {
      return new PermanentError(
        "FEDERATED_CREDENTIAL_CONFLICT",
        `${name(ref)} already has the federated credential "${other.name}" for subject "${other.subject}"; remove it, or use another service account.`,
        { cause: error.cause },
      );
    }
    if (existing.length >= maximumCredentials && !existing.some(({ name }) => isSame(name, wanted.name))) {
      return new PermanentError(
        "FEDERATED_CREDENTIAL_LIMIT",
        `${name(ref)} has ${existing.length} federated credentials, which is Azure's limit; remove those that are no longer used.`,
        { cause: error.cause },
      );
    }
    return error;
  }

  return {
    pace: pace.ofWrites,

    async get(ref) {
      const { userAssignedIdentities } = await clientFor(ref.subscriptionId);
      const found = await find(
        `Read ${name(ref)}`,
        (options) => userAssignedIdentities.get(ref.resourceGroup, ref.name, options),
        turnOf(ref, "get"),
      );
      return found && toIdentity(ref, found);
    },

    async listIn({ subscriptionId, resourceGroup }) {
      const { userAssignedIdentities } = await clientFor(subscriptionId);
      const place = { subscriptionId, resourceGroup, name: "" };
      const found = await find(
        `List the identities in resource group "${resourceGroup}"`,
        async (options) => {
          const identities: ManagedIdentity[] = [];
          for await (const each of userAssignedIdentities.listByResourceGroup(resourceGroup, options)) {
            identities.push(toIdentity(place, each));
          }
          return identities;
        },
        turnOf(place, "list"),
      );
      return found ?? [];
    },

    async put(ref, { location, tags }) {
      const { userAssignedIdentities } = await clientFor(ref.subscriptionId);
      const written = await call(
        `Create or update ${name(ref)}`,
        (options) => userAssignedIdentities.createOrUpdate(ref.resourceGroup, ref.name, { location, tags }, options),
        turnOf(ref, "write"),
      );
      return toIdentity(ref, written);
    },

    async remove(ref) {
      const { userAssignedIdentities } = await clientFor(ref.subscriptionId);
      await find(
        `Delete ${name(ref)}`,
        (options) => userAssignedIdentities.delete(ref.resourceGroup, ref.name, options),
        turnOf(ref, "delete"),
      );
    },

    federatedCredentials: list,

    putFederatedCredential: (ref, credential) => serial.run(key(ref), () => writeCredential(ref, credential)),

    removeFederatedCredential: (ref, credentialName) =>
      serial.run(key(ref), async () => {
        const { federatedIdentityCredentials } = await clientFor(ref.subscriptionId);
        await find(
          `Delete the federated credential "${credentialName}" of ${name(ref)}`,
          (options) => federatedIdentityCredentials.delete(ref.resourceGroup, ref.name, credentialName, options),
          turnOf(ref, "delete"),
        );
      }),
  };
}

function name(ref: IdentityRef): string {
  return `identity "${ref.name}" in resource group "${ref.resourceGroup}"`;
}

/** ARM ignores case in names. */
function key({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  return `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function toIdentity(ref: IdentityRef, identity: Identity): ManagedIdentity {
  const { id, location, tags = {}, tenantId } = identity;
  const pair = IdentityPair.safeParse(identity).data;
  if (!id || !pair || !tenantId) {
    throw new TransientError("ARM_UNAVAILABLE", `Azure's answer for ${name(ref)} lacks its ids.`);
  }
  return { id, name: identity.name ?? ref.name, location, tags, ...pair, tenantId };
}

function toCredential({ name, issuer, subject, audiences = [] }: FederatedIdentityCredential): FederatedCredential {
  return { name: name ?? "", issuer: issuer ?? "", subject: subject ?? "", audiences };
}
