/**
 * Identity bindings of AKS clusters (learn.microsoft.com "Identity bindings"; the types of @azure/arm-containerservice 25.5). Azure gives
 * an identity one federated credential for all of its bindings, and leaves it when the last binding is gone.
 */
import { z } from "zod";
import type { HttpReply } from "../httpServer.ts";
import { automaticCredential, type Cluster, type IdentityBinding, type World } from "../world.ts";
import { ArmFailure, failures } from "./failures.ts";
import { findCluster } from "./managedClusters.ts";
import { type ResourcePath, resourceId } from "./resourcePath.ts";
import { notFound, page, parentNotFound, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.ContainerService/managedClusters/identityBindings";
/** Azure/bicep-types-az, 2025-10-02-preview. */
const namePattern = /^[a-z][a-z0-9]{0,62}$/;

const Body = z.object({ properties: z.object({ managedIdentity: z.object({ resourceId: z.string() }) }) });

export function identityBindings(
  world: World,
  { operationMs = 0 }: { operationMs?: number | undefined },
): ResourceType {
  const keyOf = (path: ResourcePath) => resourceId(path, 2).toLowerCase();

  function requireCluster(path: ResourcePath): Cluster {
    const cluster = findCluster(world, path);
    if (!cluster) throw notFound(path);
    return cluster;
  }

  function bind(path: ResourcePath, identityId: string): IdentityBinding {
    const identity = world.identities.get(identityId.toLowerCase());
    if (!identity) throw failures.badRequest(`The managed identity '${identityId}' could not be found.`);
    const { clientId, principalId, federatedCredentials } = identity;
    if (!federatedCredentials.has(automaticCredential) && federatedCredentials.size >= 20) {
      throw failures.badRequest("A managed identity can have at most 20 federated identity credentials.");
    }
    const key = keyOf(path);
    const existing = world.identityBindings.get(key);
    if (existing && existing.identityId.toLowerCase() !== identity.id.toLowerCase()) {
      throw new ArmFailure(
        400,
        "PropertyChangeNotAllowed",
        "Changing property 'managedIdentity.resourceId' is not allowed.",
      );
    }
    // A binding keeps what it learned of its identity.
    const { clientId: known = clientId, principalId: knownPrincipal = principalId } = existing ?? {};
    const made: IdentityBinding = {
      ...{ id: resourceId(path, 2), name: path.names[1] ?? "", identityId: identity.id },
      ...{ clientId: known, principalId: knownPrincipal, state: operationMs === 0 ? "Succeeded" : "Creating" },
    };
    world.identityBindings.set(key, made);
    federatedCredentials.set(automaticCredential, {
      name: automaticCredential,
      issuer: issuerOf(world, clientId),
      subject: `system:identitybinding:${clientId}`,
      audiences: ["api://AzureADTokenExchange"],
      writtenAt: world.now(),
    });
    if (operationMs > 0) {
      setTimeout(() => {
        if (world.identityBindings.get(key) === made) world.identityBindings.set(key, { ...made, state: "Succeeded" });
      }, operationMs).unref();
    }
    return made;
  }

  return {
    type,
    apiVersions: ["2026-04-01", "2026-06-01"],

    list(call) {
      requireCluster(call.path);
      const prefix = `${resourceId(call.path, 1)}/identitybindings/`.toLowerCase();
      const found = [...world.identityBindings].filter(([key]) => key.startsWith(prefix));
      return page(
        call,
        found.map(([, binding]) => describe(world, binding)),
      );
    },

    GET({ path }) {
      requireCluster(path);
      const found = world.identityBindings.get(keyOf(path));
      if (!found) throw notFound(path);
      return reply(200, world, found);
    },

    PUT({ path, body }) {
      const cluster = findCluster(world, path);
      if (!cluster) throw parentNotFound(path, "write");
      const [, name = ""] = path.names;
      if (!namePattern.test(name)) {
        throw failures.badRequest(`The identity binding name '${name}' does not match '${namePattern.source}'.`);
      }
      if (cluster.hasVnetIntegration) {
        throw failures.badRequest("Identity bindings are not supported on clusters with API server VNet integration.");
      }
      const isNew = !world.identityBindings.has(keyOf(path));
      const { resourceId: identityId } = parseBody(Body, body).properties.managedIdentity;
      return reply(isNew ? 201 : 200, world, bind(path, identityId));
    },

    DELETE({ path }) {
      return { status: world.identityBindings.delete(keyOf(path)) ? 202 : 204 };
    },
  };
}

function reply(status: number, world: World, binding: IdentityBinding): HttpReply {
  return { status, body: describe(world, binding) };
}

function issuerOf({ tenantId }: World, clientId: string): string {
  return `https://ib.oic.prod-aks.azure.com/${tenantId}/${clientId}`;
}

function describe(world: World, { id, name, identityId, clientId, principalId, state }: IdentityBinding) {
  return {
    id,
    name,
    type,
    properties: {
      managedIdentity: { resourceId: identityId, clientId, objectId: principalId, tenantId: world.tenantId },
      oidcIssuer: { oidcIssuerUrl: issuerOf(world, clientId) },
      provisioningState: state,
    },
  };
}
