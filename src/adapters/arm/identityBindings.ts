/**
 * Identity bindings by the REST API of AKS (learn.microsoft.com "Identity bindings"), in the first API version that is no preview.
 * Without @azure/arm-containerservice for the reasons of docs/adr/0026: four calls of an SDK that has some forty operation groups.
 */

import { z } from "zod";
import { afterAcceptance, TransientError } from "../../domain/errors.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import type { BindingRef, IdentityBinding, IdentityBindings } from "../../ports/identityBindings.ts";
import { createAvailability } from "./availability.ts";
import { untilOver } from "./progress.ts";
import { createRestApi, type RestOptions } from "./restApi.ts";

const apiVersion = "2026-04-01";

export function createIdentityBindings({ endpoint, ...options }: RestOptions): IdentityBindings {
  const { ask, list, send } = createRestApi(options);
  const { explained, unlessGone } = createAvailability("IDENTITY_BINDING_UNAVAILABLE");

  const urlOf = (clusterId: string, name?: string): URL => {
    const url = new URL(`${clusterId}/identityBindings${name === undefined ? "" : `/${name}`}`, endpoint);
    url.searchParams.set("api-version", apiVersion);
    return url;
  };
  const place = (verb: string, { clusterId, name }: BindingRef) => ({
    doing: `${verb} the identity binding "${name}" of ${clusterId}`,
    url: urlOf(clusterId, name).href,
  });

  async function get(ref: BindingRef): Promise<z.infer<typeof Binding> | undefined> {
    const { doing, url } = place("Read", ref);
    return await unlessGone(() => ask(doing, url, Binding), undefined);
  }

  async function untilReady(doing: string, ref: BindingRef): Promise<void> {
    await untilOver(doing, async () => {
      const { provisioningState = "Succeeded" } = (await get(ref))?.properties ?? { provisioningState: "Gone" };
      if (provisioningState === "Succeeded") return true;
      if (["Creating", "Updating", "Accepted"].includes(provisioningState)) return false;
      throw new TransientError("ARM_UNAVAILABLE", `${doing}: it ended as ${provisioningState}.`);
    });
  }

  async function untilGone(doing: string, ref: BindingRef): Promise<void> {
    await untilOver(doing, async () => (await get(ref)) === undefined);
  }

  return {
    async get(ref) {
      const found = await get(ref);
      return found && toBinding(found);
    },

    async listAt(clusterId) {
      const doing = `List the identity bindings of ${clusterId}`;
      return (await unlessGone(() => list(doing, urlOf(clusterId), Binding), [])).map(toBinding);
    },

    async put(ref, { identityId }) {
      const { doing, url } = place("Make", ref);
      const body = { properties: { managedIdentity: { resourceId: identityId } } };
      await explained(() => send(doing, { method: "PUT", url, body }));
      await afterAcceptance(() => untilReady(doing, ref));
    },

    async remove(ref) {
      const { doing, url } = place("Delete", ref);
      await explained(() => send(doing, { method: "DELETE", url }));
      await afterAcceptance(() => untilGone(doing, ref));
    },
  };
}

const Binding = z.object({
  name: z.string(),
  properties: z.object({
    managedIdentity: z.object({ resourceId: z.string(), clientId: ClientId.nullish() }),
    provisioningState: z.string().optional(),
  }),
});

function toBinding({ name, properties }: z.infer<typeof Binding>): IdentityBinding {
  const { managedIdentity, provisioningState = "Succeeded" } = properties;
  return {
    name,
    identityId: managedIdentity.resourceId,
    clientId: managedIdentity.clientId ?? undefined,
    isReady: provisioningState === "Succeeded",
  };
}
