/**
 * Managed namespaces by the REST API of AKS (learn.microsoft.com "Managed Namespaces - Create Or Update"), in the first API version that
 * is no preview. A PUT replaces the whole, so what Azure answered is kept as it is. Without an SDK, as identityBindings.ts.
 */
import { z } from "zod";
import { afterAcceptance, TransientError } from "../../domain/errors.ts";
import type { ManagedNamespaceRef, ManagedNamespaces } from "../../ports/managedNamespaces.ts";
import { createAvailability } from "./availability.ts";
import { describeFailure, followed, isFailed, lookAtProgress, untilOver } from "./progress.ts";
import { createRestApi, type RestOptions } from "./restApi.ts";

const apiVersion = "2025-09-01";

export function createManagedNamespaces({ endpoint, ...options }: RestOptions): ManagedNamespaces {
  const { ask, begin, find } = createRestApi(options);
  const { explained, unlessGone } = createAvailability("MANAGED_NAMESPACES_UNAVAILABLE");

  const place = (verb: string, { clusterId, name }: ManagedNamespaceRef) => {
    const url = new URL(`${clusterId}/managedNamespaces/${name}`, endpoint);
    url.searchParams.set("api-version", apiVersion);
    return { doing: `${verb} the managed namespace "${name}" of ${clusterId}`, url: url.href };
  };

  async function read(ref: ManagedNamespaceRef): Promise<z.infer<typeof Managed> | undefined> {
    const { doing, url } = place("Read", ref);
    return await unlessGone(() => ask(doing, url, Managed), undefined);
  }

  async function untilReady(doing: string, ref: ManagedNamespaceRef, progress: string | undefined): Promise<void> {
    let watched = followed(doing, progress, endpoint);
    await untilOver(doing, async () => {
      const progress = watched === undefined ? undefined : await lookAtProgress({ find }, doing, watched);
      if (progress && isFailed(progress)) throw new TransientError("ARM_UNAVAILABLE", describeFailure(doing, progress));
      if (!progress) watched = undefined;
      const { provisioningState = "Succeeded" } = (await read(ref))?.properties ?? { provisioningState: "Deleted" };
      const isOver = progress === undefined || progress.status === "Succeeded";
      if (isOver && provisioningState === "Succeeded") return true;
      if (provisioningState !== "Succeeded" && !going.has(provisioningState)) {
        throw new TransientError("ARM_UNAVAILABLE", `${doing}: it ended as ${provisioningState}.`);
      }
      return false;
    });
  }

  return {
    async get(ref) {
      const found = await read(ref);
      if (!found) return undefined;
      const { location, tags, eTag } = found;
      const { provisioningState: state = "Succeeded", portalFqdn: _, ...properties } = found.properties;
      return { document: { location, tags, properties }, eTag, state };
    },

    async replace(ref, body, ifMatch) {
      const { doing, url } = place("Change", ref);
      const progress = await explained(() => begin(doing, { method: "PUT", url, body, ifMatch }));
      await afterAcceptance(() => untilReady(doing, ref, progress));
    },
  };
}

const going: ReadonlySet<string> = new Set(["Accepted", "Creating", "Updating"]);

const Texts = z.record(z.string(), z.string()).nullish();
const Amounts = z.record(z.string(), z.string().nullish()).nullish();

const Managed = z.object({
  location: z.string().optional(),
  tags: Texts,
  eTag: z.string(),
  properties: z.looseObject({
    provisioningState: z.string().optional(),
    portalFqdn: z.unknown().optional(),
    labels: Texts,
    defaultResourceQuota: Amounts,
    defaultNetworkPolicy: Amounts,
  }),
});
