/** TokenRequest, and the discovery documents with which others verify the tokens. */
import { randomUUID } from "node:crypto";
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import type { Cluster } from "azure-sim/world";
import { SignJWT } from "jose";
import type { Reply } from "./answer.ts";
import { builtInResource } from "./builtIn/resources.ts";
import { ApiFailure, badRequest, invalid, methodNotAllowed, notFound } from "./failures.ts";
import { type KubeObject, timestamp } from "./object.ts";
import { readQuestion, tracked } from "./question.ts";
import type { Carried } from "./request.ts";
import type { TokenEnvironment } from "./users.ts";
import { invalidValue } from "./validation/causes.ts";
import type { Target } from "./verbs.ts";

/** What is asked of an account: a token. */
const tokenRequest = builtInResource({
  ...{ group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", plural: "tokenrequests", singular: "" },
  ...{ namespaced: true, verbs: ["create"], shortNames: [], categories: [], subresources: [], columns: [] },
  definition: "io.k8s.api.authentication.v1.TokenRequest",
});

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
function boundObject(
  reference: JsonObject,
  lookUp: (kind: string, name: string) => KubeObject | undefined,
): KubeObject | undefined {
  const [kind, name = "", uid = ""] = ["kind", "name", "uid"].map((field) => stringAt(reference, field));
  if (kind === undefined) return undefined;
  const apiVersion = stringAt(reference, "apiVersion") ?? "v1";
  if (apiVersion !== "v1" || !["Pod", "Secret", "Node"].includes(kind)) {
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }
  if (name === "") throw badRequest("Name parameter required.");
  const plural = `${kind.toLowerCase()}s`;
  const bound = lookUp(kind, name);
  if (bound === undefined) {
    throw new ApiFailure(404, "NotFound", `${plural} "${name}" not found`, { name, kind: plural });
  }
  if (uid === "" || uid === bound.metadata.uid) return bound;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record`;
  throw new ApiFailure(409, "Conflict", `Operation cannot be fulfilled on ${kind} "${name}": ${why}`, { name, kind });
}

export async function answerTokenRequest(
  { world, cluster, lookUp }: TokenEnvironment,
  request: Carried,
  target: Target,
): Promise<Reply> {
  if (request.method !== "POST") throw methodNotAllowed();
  const { kind, body, writer } = readQuestion(request, tokenRequest, {
    ...{ namespace: target.namespace, now: world.now(), subresource: "token" },
  });
  const account = lookUp("ServiceAccount", target.namespace ?? "", target.name);
  if (account === undefined) throw notFound(target.resource, target.name);
  const { name, namespace = "", uid } = account.metadata;
  const spec = { expirationSeconds: 3600, ...objectAt(body, "spec") };
  const { managedFields } = tracked({ kind, body: { spec }, writer });
  const metadata = { ...objectAt(body, "metadata"), managedFields };
  const expirationSeconds = requireExpiration(spec);
  const ownName = stringAt(body, "metadata", "name") ?? name;
  if (ownName !== name)
    throw refused(name, "metadata.name", ownName, "must match the service account name if specified");
  const find = (kind: string, bound: string) => lookUp(kind, namespace, bound);
  const bound = boundObject(objectAt(spec, "boundObjectRef"), find);
  const nodeName = bound?.kind === "Pod" ? stringAt(bound, "spec", "nodeName") : undefined;
  const node = nodeName === undefined ? undefined : find("Node", nodeName);
  const asked = listAt(spec, "audiences").filter((audience) => typeof audience === "string");
  const audiences = asked.length === 0 ? [cluster.oidcIssuer] : asked;
  const issuedAt = Math.floor(world.now().getTime() / 1000);
  const token = await claimed(cluster, account, [bound, node])
    .setAudience(audiences)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + expirationSeconds)
    .setJti(randomUUID())
    .sign(cluster.serviceAccountKey.privateKey);
  const answer = {
    ...{ kind, apiVersion: writer.apiVersion },
    metadata: { ...metadata, name, namespace, uid, creationTimestamp: timestamp(world.now()) },
    spec: { boundObjectRef: null, ...spec, audiences, expirationSeconds },
    status: { token, expirationTimestamp: timestamp(new Date((issuedAt + expirationSeconds) * 1000)) },
  };
  return { code: 201, body: answer };
}

/** Without an end but that of its account and its secret. A real one has its claims under other names. */
export function lastingToken(cluster: Cluster, account: KubeObject, secret: KubeObject): Promise<string> {
  const { privateKey } = cluster.serviceAccountKey;
  return claimed(cluster, account, [secret]).setAudience(cluster.oidcIssuer).sign(privateKey);
}

function claimed(
  { oidcIssuer, serviceAccountKey }: Cluster,
  { metadata: { name, namespace = "", uid } }: KubeObject,
  bound: readonly (KubeObject | undefined)[],
): SignJWT {
  const named = bound.flatMap((each) =>
    each ? [[each.kind.toLowerCase(), { name: each.metadata.name, uid: each.metadata.uid }] as const] : [],
  );
  const claims = { namespace, serviceaccount: { name, uid }, ...Object.fromEntries(named) };
  return new SignJWT({ "kubernetes.io": claims })
    .setProtectedHeader({ alg: "RS256", kid: serviceAccountKey.kid })
    .setIssuer(oidcIssuer)
    .setSubject(`system:serviceaccount:${namespace}:${name}`);
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
