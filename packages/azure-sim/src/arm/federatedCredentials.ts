/**
 * Federated identity credentials of a user-assigned identity, following the rules of learn.microsoft.com "Important
 * considerations and restrictions for federated identity credentials".
 */
import { z } from "zod";
import type { HttpReply } from "../httpServer.ts";
import type { FederatedCredential, Identity, World } from "../world.ts";
import { failures } from "./failures.ts";
import { findIdentity, identityApiVersions } from "./identities.ts";
import type { ResourcePath } from "./resourcePath.ts";
import { notFound, page, parentNotFound, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
const maximum = 20;

const CredentialBody = z.object({
  properties: z.object({
    issuer: z.string().optional(),
    subject: z.string().optional(),
    audiences: z.array(z.string()).optional(),
  }),
});

export function federatedIdentityCredentials(world: World): ResourceType {
  return {
    type,
    apiVersions: identityApiVersions.filter((version) => version >= "2022-01-31"),

    list(call) {
      const identity = requireIdentity(world, call.path, "read");
      return page(call, [...identity.federatedCredentials.values()].map(describe(identity)));
    },

    GET({ path }) {
      const identity = requireIdentity(world, path, "read");
      const credential = identity.federatedCredentials.get(nameIn(path).toLowerCase());
      if (!credential) throw notFound(path);
      return reply(200, identity, credential);
    },

    PUT({ path, body, collided }) {
      const identity = requireIdentity(world, path, "write");
      const credential = checkCredential(nameIn(path), body);
      if (collided) throw failures.concurrentWrites(identity.id);
      const key = credential.name.toLowerCase();
      const existing = identity.federatedCredentials.get(key);
      for (const [otherKey, other] of identity.federatedCredentials) {
        if (otherKey !== key && other.issuer === credential.issuer && other.subject === credential.subject) {
          throw failures.badRequest("Issuer and subject combination already exists for this Managed Identity.");
        }
      }
      if (!existing && identity.federatedCredentials.size >= maximum) {
        throw failures.badRequest(`A managed identity can have at most ${maximum} federated identity credentials.`);
      }
      const written = { ...credential, name: existing?.name ?? credential.name, writtenAt: world.now() };
      identity.federatedCredentials.set(key, written);
      return reply(existing ? 200 : 201, identity, written);
    },

    DELETE({ path, collided }) {
      const identity = requireIdentity(world, path, "delete");
      // Deletes conflict with writes, too (hashicorp/terraform-provider-azurerm #29242).
      if (collided) throw failures.concurrentWrites(identity.id);
      return { status: identity.federatedCredentials.delete(nameIn(path).toLowerCase()) ? 200 : 204 };
    },
  };
}

function requireIdentity(world: World, path: ResourcePath, action: string): Identity {
  const identity = findIdentity(world, path);
  if (!identity) throw parentNotFound(path, action);
  return identity;
}

function nameIn({ names }: ResourcePath): string {
  return names[1] ?? "";
}

function checkCredential(name: string, body: string): FederatedCredential {
  if (!/^[a-z0-9][a-z0-9_-]{2,119}$/i.test(name)) {
    throw failures.badRequest(`Federated Identity Credential name '${name}' is invalid.`);
  }
  const { issuer, subject, audiences } = parseBody(CredentialBody, body).properties;
  if (!issuer || !subject || !audiences) {
    throw failures.badRequest("Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.");
  }
  const [audience] = audiences;
  if (audiences.length !== 1 || !audience) {
    throw failures.badRequest("Federated identity credentials must have exactly one audience.");
  }
  for (const [property, value] of Object.entries({ issuer, subject, audience })) {
    if (value.length > 600) throw failures.badRequest(`The ${property} is longer than 600 characters.`);
  }
  if (!issuer.startsWith("https://")) throw failures.badRequest(`The issuer '${issuer}' is not an https URL.`);
  return { name, issuer, subject, audiences: [audience] };
}

function reply(status: number, identity: Identity, credential: FederatedCredential): HttpReply {
  return { status, body: describe(identity)(credential) };
}

function describe({ id }: Identity) {
  return ({ name, issuer, subject, audiences }: FederatedCredential) => ({
    id: `${id}/federatedIdentityCredentials/${name}`,
    name,
    type,
    properties: { issuer, subject, audiences },
  });
}
