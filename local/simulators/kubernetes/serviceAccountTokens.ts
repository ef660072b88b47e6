/** TokenRequest, and the discovery documents with which others verify the tokens. */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Cluster, World } from "../world.ts";
import { ApiFailure } from "./failures.ts";
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "./json.ts";
import { type KubeObject, timestamp } from "./object.ts";

export async function requestToken(
  { world, cluster }: { world: World; cluster: Cluster },
  account: KubeObject,
  request: Json,
): Promise<JsonObject> {
  const { name, namespace = "", uid } = account.metadata;
  const spec = objectAt(request, "spec");
  const expirationSeconds = numberAt(spec, "expirationSeconds") ?? 3600;
  if (expirationSeconds < 600) {
    const message = `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes`;
    throw new ApiFailure(422, "Invalid", message);
  }
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
    metadata: { name, namespace, creationTimestamp: timestamp(world.now()) },
    spec: { ...spec, audiences, expirationSeconds },
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
