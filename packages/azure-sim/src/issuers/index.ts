/**
 * Where clusters outside Azure publish their issuers: a public web server with the discovery document and the keys of each, such as
 * the blob container of azure-workload-identity's "Self-Managed Clusters". Microsoft Entra and Mooring read them over the network.
 */
import type { JWK } from "jose";
import { type HttpReply, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";

export interface Publication {
  readonly issuer: string;
  readonly keys: readonly JWK[];
}

export interface IssuersSimulator extends Simulator {
  /** The issuer of the cluster with this alias, which need not be in the world yet. */
  issuerOf(cluster: string): string;
  /** By default what the cluster itself says. Undefined: somebody has taken the documents away. */
  readonly published: Map<string, Publication | undefined>;
}

export async function startIssuers({ world, faults, tls }: SimulatorContext): Promise<IssuersSimulator> {
  const published: IssuersSimulator["published"] = new Map();

  function publicationOf(alias: string): Publication | undefined {
    if (published.has(alias)) return published.get(alias);
    const cluster = world.clusters.get(alias);
    return cluster && { issuer: cluster.oidcIssuer, keys: [cluster.serviceAccountKey.publicJwk] };
  }

  function answer(alias: string, path: string): HttpReply {
    const publication = publicationOf(alias);
    if (publication && path === discovery) {
      const jwks_uri = `${server.url}/${alias}/${keySet}`;
      return { status: 200, body: { ...metadata, issuer: publication.issuer, jwks_uri } };
    }
    if (publication && path === keySet) return { status: 200, body: { keys: publication.keys } };
    return { status: 404, body: "The specified resource does not exist." };
  }

  const server = await startHttpServer({
    tls,
    faults,
    open({ url }) {
      const [, alias = "", ...rest] = url.pathname.split("/");
      const path = rest.join("/");
      const operation = path === keySet ? "issuer keys" : "issuer discovery";
      return {
        call: { wire: "entra", operation, target: alias },
        run: () => answer(alias, path),
        fail: ({ status = 503, message = "Scripted fault." }) => ({ status, body: message }),
      };
    },
  });
  return { ...server, published, issuerOf: (alias) => `${server.url}/${alias}` };
}

const discovery = ".well-known/openid-configuration";
const keySet = "openid/v1/jwks";
const metadata = {
  response_types_supported: ["id_token"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
};
