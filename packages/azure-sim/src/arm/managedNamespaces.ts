/**
 * Managed namespaces of AKS clusters (learn.microsoft.com "Managed Namespaces - Create Or Update"; ManagedNamespace.tsp of
 * azure-rest-api-specs). A PUT replaces the whole; the cluster follows while the operation runs. Which names of errors Azure has for what
 * it refuses is not documented.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ManagedNamespace, ManagedProperties } from "../managedNamespaces.ts";
import type { Cluster, World } from "../world.ts";
import { ArmFailure, failures } from "./failures.ts";
import { aksApiVersions, type LongRunning } from "./longRunning.ts";
import { findCluster } from "./managedClusters.ts";
import { type ResourcePath, resourceId } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parentNotFound, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.ContainerService/managedClusters/managedNamespaces";
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const Texts = z.record(z.string(), z.string()).nullish();
const Cpu = z.string().regex(/^\d+m$/, "must be in thousandths of a CPU");
const Memory = z.string().regex(/^\d+(Ki|Mi|Gi|Ti|Pi|Ei)$/, "must be in a power of two");
const Rule = z.enum(["DenyAll", "AllowAll", "AllowSameNamespace"]);

const Body = z.object({
  location: z.string().optional(),
  tags: Texts,
  properties: z
    .object({
      labels: Texts,
      annotations: Texts,
      defaultResourceQuota: z
        .object({ cpuRequest: Cpu, cpuLimit: Cpu, memoryRequest: Memory, memoryLimit: Memory })
        .partial()
        .nullish(),
      defaultNetworkPolicy: z
        .object({ ingress: Rule.default("AllowSameNamespace"), egress: Rule.default("AllowAll") })
        .nullish(),
      adoptionPolicy: z.enum(["Never", "IfIdentical", "Always"]).default("Never"),
      deletePolicy: z.enum(["Keep", "Delete"]).default("Keep"),
    })
    .prefault({}),
});

export function managedNamespaces(world: World, { start }: Pick<LongRunning, "start">): ResourceType {
  const all = world.managedNamespaces;
  const keyOf = (path: ResourcePath) => resourceId(path, 2).toLowerCase();

  function requireOne({ path }: Pick<ArmCall, "path">): ManagedNamespace {
    const found = all.get(keyOf(path));
    if (!found) throw notFound(path);
    return found;
  }

  function expectVersion(found: ManagedNamespace | undefined, { ifMatch }: Pick<ArmCall, "ifMatch">) {
    if (found && ["Creating", "Updating", "Deleting"].includes(found.state)) {
      throw new ArmFailure(409, "OperationNotAllowed", `Another operation on ${found.name} is in progress.`);
    }
    if (ifMatch === undefined || ifMatch === "*" || ifMatch === found?.eTag) return;
    throw new ArmFailure(412, "PreconditionFailed", `The resource's ETag is not '${ifMatch}'.`);
  }

  return {
    type,
    apiVersions: aksApiVersions,

    list(call) {
      if (!findCluster(world, call.path)) throw notFound(call.path);
      const prefix = `${resourceId(call.path, 1)}/managedNamespaces/`.toLowerCase();
      const found = [...all].filter(([key]) => key.startsWith(prefix));
      return page(
        call,
        found.map(([, each]) => describe(each)),
      );
    },

    GET: (call) => ({ status: 200, body: describe(requireOne(call)) }),

    PUT(call) {
      const { path, body } = call;
      const cluster = findCluster(world, path);
      if (!cluster) throw parentNotFound(path, "write");
      const [, name = ""] = path.names;
      if (!namePattern.test(name) || name.length > 63) {
        throw failures.badRequest(`the managed namespace name '${name}' does not match '${namePattern.source}'`);
      }
      const key = keyOf(path);
      const before = all.get(key);
      expectVersion(before, call);
      const asked = parseBody(Body, body);
      const made: ManagedNamespace = {
        id: resourceId(path, 2),
        name,
        cluster: keyOfCluster(world, cluster),
        location: asked.location ?? cluster.location,
        tags: asked.tags ?? {},
        properties: completed(asked.properties),
        eTag: randomUUID(),
        state: before ? "Updating" : "Creating",
      };
      all.set(key, made);
      const accepted = start(call, {
        provider: "Microsoft.ContainerService",
        location: cluster.location,
        operation: type,
        finish() {
          const why = all.managerOf(made.cluster)?.bring(made, before);
          all.set(key, { ...made, state: why === undefined ? "Succeeded" : "Failed" });
          if (why !== undefined) throw new ArmFailure(500, "InternalError", why);
        },
      });
      const { location: _, ...headers } = accepted.headers ?? {};
      return { status: before ? 200 : 201, headers, body: describe(made) };
    },

    DELETE(call) {
      const found = all.get(keyOf(call.path));
      if (!found) return { status: 204 };
      expectVersion(found, call);
      all.set(keyOf(call.path), { ...found, state: "Deleting" });
      return start(call, {
        provider: "Microsoft.ContainerService",
        location: found.location,
        operation: type,
        finish() {
          all.delete(keyOf(call.path));
          all.managerOf(found.cluster)?.release(found);
        },
      });
    },
  };
}

/** Azure fills in a network policy that lets everything out (`az aks namespace add` without one). */
function completed(properties: z.infer<typeof Body>["properties"]): ManagedProperties {
  const { defaultNetworkPolicy } = properties;
  return {
    ...properties,
    defaultNetworkPolicy: defaultNetworkPolicy ?? { ingress: "AllowSameNamespace", egress: "AllowAll" },
  };
}

function keyOfCluster({ clusters }: World, cluster: Cluster): string {
  return [...clusters].find(([, each]) => each === cluster)?.[0] ?? cluster.name;
}

function describe({ cluster: _, state, properties, ...shown }: ManagedNamespace) {
  const { labels = null, annotations = null, ...rest } = properties;
  return { ...shown, type, properties: { ...rest, labels, annotations, provisioningState: state } };
}
