/** The token with which Mooring logs in to a cluster: of its own identity, or of a service account of the cluster. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { isAuthenticationFailure } from "../../domain/errors.ts";
import { about, type Credential } from "../credential.ts";
import { createTokenFiles } from "./tokenFiles.ts";

export interface Logins {
  token(cluster: ClusterTarget): Promise<string>;
  /** The cluster did not accept it: the next one is fresh. */
  refuse(cluster: ClusterTarget, token: string): void;
}

export function createLogins({
  credential,
  scope,
}: {
  readonly credential: Credential;
  /** Of the API servers of all AKS clusters. */
  readonly scope: string;
}): Logins {
  const tokenFiles = createTokenFiles();

  async function entraToken({ alias }: ClusterTarget, wanted: string): Promise<string> {
    try {
      const token = await credential.getToken(wanted);
      if (token !== null) return token.token;
    } catch (error) {
      throw isAuthenticationFailure(error) ? about(error, `Cluster "${alias}"`) : error;
    }
    throw new Error(`The credential returned no token for ${wanted}.`);
  }

  return {
    token(cluster) {
      const { login } = traitsOf(cluster);
      switch (login.by) {
        case "aks":
          return entraToken(cluster, scope);
        case "entra":
          return entraToken(cluster, `${login.audience}/.default`);
        case "serviceAccount":
          return tokenFiles.read(login, cluster.alias);
      }
    },
    refuse(cluster, token) {
      if (traitsOf(cluster).login.by === "serviceAccount") tokenFiles.refuse(token);
      else credential.refuse?.(token);
    },
  };
}
