import { clusterIdOf, findCluster, identityIdOf, identityRef } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { automaticCredential, identityName } from "../../domain/naming/names.ts";
import { usesBinding } from "../../domain/request/identityModes.ts";
import type { IdentityBinding } from "../../ports/identityBindings.ts";
import type { Ports } from "../../ports/index.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { binds } from "./boundBy.ts";
import { findBindingsLeftByGuests } from "./leftByGuests.ts";
import { bindingRef, isOf } from "./plan.ts";

export async function inspectBinding(
  { catalog, identities, identityBindings }: Pick<Ports, "catalog" | "identities" | "identityBindings">,
  { request, clientId, modeBeside }: Pick<InspectionInput, "request" | "clientId" | "modeBeside">,
): Promise<readonly Finding[]> {
  const cluster = findCluster(catalog, request.cluster);
  if (clusterIdOf(cluster) === undefined && !usesBinding(request)) return [];
  const ref = bindingRef(cluster, request);
  const identity = identityRef(catalog, request);
  const identityId = identityIdOf(catalog, request);
  const own = await identityBindings.get(ref);
  const about = { field: `binding ${ref.name}`, expected: identity.name };
  if (!usesBinding(request)) {
    const isSurplus = own !== undefined && binds(own, identityId) && modeBeside === undefined;
    return isSurplus ? [finding("BINDING_SURPLUS", identity.name, { ...about, expected: null, found: ref.name })] : [];
  }
  const found = own ?? (await identityBindings.listAt(ref.clusterId)).find((each) => binds(each, identityId));
  if (!found) return [finding("BINDING_MISSING", identity.name, { ...about, found: null })];
  const why = whyBroken(found, { identityId, clientId });
  if (why !== undefined) return [finding("BINDING_CHANGED", identity.name, { ...about, found: why })];
  const credentials = await identities.federatedCredentials(identity);
  if (credentials.some(({ name }) => name === automaticCredential)) return [];
  const what = { field: `credential ${automaticCredential}`, expected: "there", found: null };
  return [finding("BINDING_CHANGED", identity.name, what)];
}

/** What guests that are there no longer have left, at their home. */
export async function inspectBindingsOfGuests(
  ports: Pick<Ports, "catalog" | "identityBindings" | "registry">,
  { request }: Pick<InspectionInput, "request">,
): Promise<readonly Finding[]> {
  const { refs } = await findBindingsLeftByGuests(ports, request);
  return refs.map(({ name, clusterId }) =>
    finding("BINDING_SURPLUS", identityName(request), { field: `binding ${name}`, expected: null, found: clusterId }),
  );
}

function whyBroken(
  binding: IdentityBinding,
  { identityId, clientId }: { readonly identityId: string; readonly clientId: ClientId },
): string | undefined {
  if (!binds(binding, identityId)) return binding.identityId;
  if (!isOf(binding, { clientId })) return `client ID ${binding.clientId}`;
  return binding.isReady ? undefined : "not Succeeded";
}
