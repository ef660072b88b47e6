/** The federated credentials of managed identities. */
import type { FederatedIdentityCredential } from "@azure/arm-msi";
import { afterAcceptance, PermanentError, TransientError } from "../../domain/errors.ts";
import { createSerial } from "../../domain/serial.ts";
import type { FederatedCredential, IdentityRef, ManagedIdentities } from "../../ports/identities.ts";
import { isBadRequest } from "./errors.ts";
import { type IdentityCalls, keyOf, nameOf } from "./identityCalls.ts";

/** Azure's limit per identity. */
const maximumCredentials = 20;

export function createFederatedCredentials({
  call,
  find,
}: IdentityCalls): Pick<
  ManagedIdentities,
  "federatedCredentials" | "putFederatedCredential" | "removeFederatedCredential"
> {
  // Azure refuses concurrent writes under one identity with 409, or accepts both and loses one.
  const serial = createSerial();

  async function list(ref: IdentityRef): Promise<readonly FederatedCredential[]> {
    const doing = `List the federated credentials of ${nameOf(ref)}`;
    const found = await find({ ref, kind: "list", doing }, async (client, options) => {
      const credentials: FederatedCredential[] = [];
      for await (const each of client.federatedIdentityCredentials.list(ref.resourceGroup, ref.name, options))
        credentials.push(toCredential(each));
      return credentials;
    });
    return found ?? [];
  }

  async function write(ref: IdentityRef, credential: FederatedCredential): Promise<void> {
    const { name, issuer, subject } = credential;
    const audiences = [...credential.audiences];
    const doing = `Write the federated credential "${name}" of ${nameOf(ref)}`;
    try {
      await call({ ref, kind: "write", doing }, (client, options) => {
        const wanted = { issuer, subject, audiences };
        const { federatedIdentityCredentials } = client;
        return federatedIdentityCredentials.createOrUpdate(ref.resourceGroup, ref.name, name, wanted, options);
      });
    } catch (error) {
      if (!(error instanceof PermanentError && isBadRequest(error.cause))) throw error;
      throw explained(ref, { wanted: credential, existing: await list(ref) }, error);
    }
    await afterAcceptance(async () => {
      const stored = await find({ ref, kind: "get", doing: `${doing}, then read it back` }, (client, options) =>
        client.federatedIdentityCredentials.get(ref.resourceGroup, ref.name, name, options),
      );
      if (stored?.issuer !== issuer || stored.subject !== subject || stored.audiences?.join() !== audiences.join()) {
        throw new TransientError(
          "CONCURRENT_CREDENTIAL_WRITE",
          `${doing}: Azure accepted it, but now has ${stored ? "a different one" : "none"}; someone else wrote at the same time.`,
        );
      }
    });
  }

  async function remove(ref: IdentityRef, name: string): Promise<void> {
    const doing = `Delete the federated credential "${name}" of ${nameOf(ref)}`;
    await find({ ref, kind: "delete", doing }, (client, options) =>
      client.federatedIdentityCredentials.delete(ref.resourceGroup, ref.name, name, options),
    );
  }

  return {
    federatedCredentials: list,
    putFederatedCredential: (ref, credential) => serial.run(keyOf(ref), () => write(ref, credential)),
    removeFederatedCredential: (ref, name) => serial.run(keyOf(ref), () => remove(ref, name)),
  };
}

/** Azure answers `400 BadRequest` for every broken rule; the identity's credentials show which one it was. */
function explained(
  ref: IdentityRef,
  { wanted, existing }: { readonly wanted: FederatedCredential; readonly existing: readonly FederatedCredential[] },
  error: PermanentError,
): PermanentError {
  const others = existing.filter(({ name }) => name.toLowerCase() !== wanted.name.toLowerCase());
  const other = others.find(({ issuer, subject }) => issuer === wanted.issuer && subject === wanted.subject);
  if (other) {
    return new PermanentError(
      "FEDERATED_CREDENTIAL_CONFLICT",
      `${nameOf(ref)} already has the federated credential "${other.name}" for subject "${other.subject}"; remove it, or use another service account.`,
      { cause: error.cause },
    );
  }
  if (others.length >= maximumCredentials) {
    return new PermanentError(
      "FEDERATED_CREDENTIAL_LIMIT",
      `${nameOf(ref)} has ${others.length} federated credentials, which is Azure's limit; remove those that are no longer used.`,
      { cause: error.cause },
    );
  }
  return error;
}

function toCredential({ name, issuer, subject, audiences = [] }: FederatedIdentityCredential): FederatedCredential {
  return { name: name ?? "", issuer: issuer ?? "", subject: subject ?? "", audiences };
}
