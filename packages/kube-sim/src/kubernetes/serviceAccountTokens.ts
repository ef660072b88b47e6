/** TokenRequest, and the discovery documents with which others verify the tokens. */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Cluster, World } from "../../../azure-sim/src/world.ts";
import { ApiFailure, badRequest, invalid } from "./failures.ts";
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "./json.ts";
import { invalidValue } from "./metadataRules.ts";
import { type KubeObject, timestamp } from "./object.ts";

/** An object of the core group; nodes have no namespace. */
type LookUp = (kind: string, namespace: string, name: string) => KubeObject | undefined;

const tokenRequest = { group: "authentication.k8s.io", kind: "TokenRequest" };

function refused(name: string, field: string, value: Json, why: string): ApiFailure {
  return invalid(tokenRequest, name, [invalidValue(field, value, why)]);
}

function requireExpiration(spec: JsonObject): number {
  const field = "spec.expirationSeconds";
  const seconds = numberAt(spec, "expirationSeconds") ?? 0;
  if (seconds < 600) throw refused("", field, seconds, "may not specify a duration less than 10 minutes");
  if (seconds > 2 ** 32) throw refused("", field, seconds, "may not specify a duration larger than 2^32 seconds");
  return seconds;
}

/** A token ends with the object that it is bound to. */
function requireBound(reference: JsonObject, lookUp: (kind: string, name: string) => KubeObject | undefined): void {
  const [kind, name = "", uid = ""] = ["kind", "name", "uid"].map((field) => stringAt(reference, field));
  if (kind === undefined) return;
  const apiVersion = stringAt(reference, "apiVersion") ?? "v1";
  if (apiVersion !== "v1" || !["Pod", "Secret", "Node"].includes(kind)) {
    const version = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`cannot bind token to object of type ${version}, Kind=${kind}`);
  }
  if (name === "") throw badRequest("Name parameter required.");
  const plural = `${kind.toLowerCase()}s`;
  const bound = lookUp(kind, name);
  if (bound === undefined) {
    throw new ApiFailure(404, "NotFound", `${plural} "${name}" not found`, { name, kind: plural });
  }
  if (uid === "" || uid === bound.metadata.uid) return;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  throw new ApiFailure(409, "Conflict", `Operation cannot be fulfilled on ${kind} "${name}": ${why}`, { name, kind });
}

export async function requestToken(
  { world, cluster, lookUp }: { world: World; cluster: Cluster; lookUp: LookUp },
  account: KubeObject,
  request: Json,
): Promise<JsonObject> {
  const { name, namespace = "", uid } = account.metadata;
  const [metadata, spec] = [objectAt(request, "metadata"), objectAt(request, "spec")];
  const expirationSeconds = requireExpiration(spec);
  const ownName = stringAt(request, "metadata", "name") ?? name;
  if (ownName !== name)
    throw refused(name, "metadata.name", ownName, "must match the service account name if specified");
  requireBound(objectAt(spec, "boundObjectRef"), (kind, bound) => lookUp(kind, namespace, bound));
  const asked = listAt(spec, "audiences").filter((audience) => typeof audience === "string");
  const audiences = asked.length === 0 ? [cluster.oidcIssuer] : asked;
  const issuedAt = Math.floor(world.now().getTime() / 1000);
  const pod = stringAt(spec, "boundObjectRef", "kind") === "Pod" ? objectAt(spec, "boundObjectRef") : undefined;
  const token = await new SignJWT({
    "kubernetes.io": {
      namespace,
      serviceaccount: { name, uid },
      ...(pod === undefined ? {} : { pod: { name: stringAt(pod, "name"), uid: stringAt(pod, "uid") } }),
    },
  })
    .setProtectedHeader({ alg: "RS256", kid: cluster.serviceAccountKey.kid })
    .setIssuer(cluster.oidcIssuer)
    .setSubject(`system:serviceaccount:${namespace}:${name}`)
    .setAudience(audiences)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + expirationSeconds)
    .setJti(randomUUID())
    .sign(cluster.serviceAccountKey.privateKey);
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { ...metadata, name, namespace, uid, creationTimestamp: timestamp(world.now()) },
    spec: { boundObjectRef: null, ...spec, audiences, expirationSeconds },
    status: { token, expirationTimestamp: timestamp(new Date((issuedAt + expirationSeconds) * 1000)) },
  };
}

export function openIdConfiguration({ oidcIssuer }: Cluster): JsonObject {
  return {
    issuer: oidcIssuer,
    jwks_uri: `${oidcIssuer.replace(/\/$/, "")}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
}

export function signingKeys({ serviceAccountKey }: Cluster): JsonObject {
  return { keys: [JSON.parse(JSON.stringify(serviceAccountKey.publicJwk))] };
}
