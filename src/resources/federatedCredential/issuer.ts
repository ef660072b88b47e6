/**
 * The issuer of a cluster's tokens. Where Azure does not publish it, the cluster's operator does: Microsoft Entra reads the documents
 * at the issuer's address, and exchanges no token of the cluster when they are not there, name another issuer, or lack the key.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { PublishedIssuer, SigningKey } from "../../ports/issuers.ts";
import type { Obstacles, PreflightCheck } from "../definitions/preflight.ts";

type Reading = Pick<Ports, "kubernetes" | "issuers">;

export function lookAtIssuer(ports: Reading, cluster: ClusterTarget): readonly PreflightCheck[] {
  const own: PreflightCheck = { about: "cluster", look: () => expectIssuer(ports, cluster) };
  if (traitsOf(cluster).isManagedByAzure) return [own];
  return [own, { about: "cluster", look: () => checkPublished(ports, cluster) }];
}

/** Nobody watches over an issuer that Azure does not publish: somebody may have changed the key, or removed the documents. */
export async function inspectIssuer(ports: Reading, cluster: ClusterTarget): Promise<readonly Finding[]> {
  try {
    await Promise.all([expectIssuer(ports, cluster), checkPublished(ports, cluster)]);
    return [];
  } catch (error) {
    if (!(error instanceof PermanentError) || !aboutIssuer.has(error.code)) throw error;
    const what = { field: "issuer", expected: cluster.oidcIssuer ?? null, found: error.message };
    return [finding("ISSUER_UNUSABLE", `Cluster ${cluster.alias}`, what)];
  }
}

const aboutIssuer: ReadonlySet<PermanentCode> = new Set(["OIDC_ISSUER_MISMATCH", "OIDC_ISSUER_UNUSABLE"]);

async function expectIssuer({ kubernetes }: Pick<Ports, "kubernetes">, cluster: ClusterTarget): Promise<undefined> {
  const issuer = await kubernetes.issuer(cluster);
  if (issuer === cluster.oidcIssuer) return;
  throw new PermanentError(
    "OIDC_ISSUER_MISMATCH",
    `Cluster "${cluster.alias}" says that its issuer is ${issuer}, the catalog says ${cluster.oidcIssuer ?? "nothing"}.`,
  );
}

async function checkPublished({ kubernetes, issuers }: Reading, cluster: ClusterTarget): Promise<Obstacles> {
  const { oidcIssuer, alias } = cluster;
  // The credential's own look says that there is none.
  if (oidcIssuer === undefined) return {};
  const published = await issuers.read(oidcIssuer, cluster);
  if (published.issuer !== oidcIssuer) {
    const message = `The discovery document at the issuer of cluster "${alias}" says that the issuer is ${published.issuer}, the catalog says ${oidcIssuer}.`;
    throw new PermanentError("OIDC_ISSUER_MISMATCH", message);
  }
  // Microsoft Entra supports RS256 alone (learn.microsoft.com "Workload identity federation considerations").
  if (published.keys.every(({ type }) => type !== "RSA")) {
    const message = `The issuer of cluster "${alias}" publishes no RSA key, and Microsoft Entra verifies RS256 signatures only.`;
    throw new PermanentError("OIDC_ISSUER_UNUSABLE", message);
  }
  return { notices: [...(await compareKeys(kubernetes, cluster, published)), reachOf(cluster, published)] };
}

/** After a rotation of the cluster's key, somebody has to publish the new one. */
async function compareKeys(
  kubernetes: Ports["kubernetes"],
  cluster: ClusterTarget,
  published: PublishedIssuer,
): Promise<readonly OperationError[]> {
  let own: readonly SigningKey[];
  try {
    own = await kubernetes.signingKeys(cluster);
  } catch (error) {
    // Not knowing is no reason to stop.
    if (!(error instanceof PermanentError)) throw error;
    return [
      toNotice("ISSUER_UNSEEN", `The keys of the issuer could not be compared with the cluster's: ${error.message}`),
    ];
  }
  const missing = own.filter(({ id }) => published.keys.every((each) => each.id !== id));
  if (missing.length === 0) return [];
  const names = missing.map(({ id }) => id ?? "a key without an ID").join(", ");
  const message = `Cluster "${cluster.alias}" has keys that its issuer does not publish: ${names}`;
  if (missing.length < own.length) {
    return [toNotice("ISSUER_UNSEEN", `${message}. Which key it signs with cannot be seen.`)];
  }
  throw new PermanentError("OIDC_ISSUER_UNUSABLE", `${message}. Microsoft Entra can verify none of its tokens.`);
}

function reachOf({ alias, oidcIssuer }: ClusterTarget, { isPrivate }: PublishedIssuer): OperationError {
  const read = `Mooring read the issuer of cluster "${alias}" over its own network`;
  const message = isPrivate
    ? `${read}, where its name leads to a private address. Microsoft Entra reads it over the internet: unless the name leads elsewhere there, no token is exchanged.`
    : `${read}; whether Microsoft Entra reads ${oidcIssuer} over the internet cannot be seen from there.`;
  return toNotice("ISSUER_UNSEEN", message);
}
