/** Issuers of service account tokens: OpenID Connect Discovery. */
import type { ClusterTarget } from "../domain/catalog/catalog.ts";

/** A public key of a JWKS, as far as it matters here. */
export interface SigningKey {
  readonly id: string | undefined;
  /** `RSA`, `EC`. */
  readonly type: string;
}

/** What an issuer publishes at its own address, from which Microsoft Entra verifies the tokens of a cluster. */
export interface PublishedIssuer {
  /** By its discovery document. */
  readonly issuer: string;
  readonly keys: readonly SigningKey[];
  /** Whether Mooring's network finds the issuer only at addresses that the internet does not route. */
  readonly isPrivate: boolean;
}

export interface Issuers {
  /** Reads the issuer of a cluster, which errors name by its alias, as anyone on Mooring's network reads it. */
  read(issuer: string, cluster: Pick<ClusterTarget, "alias">): Promise<PublishedIssuer>;
}
