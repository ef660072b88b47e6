/** The port `Kubernetes`, implemented with the API servers of the catalog's clusters. */
import { z } from "zod";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import type { Credential } from "../credential.ts";
import { createAsking } from "./asking.ts";
import { createSend } from "./connection.ts";
import { createLists } from "./lists.ts";
import { createLogins } from "./login.ts";
import { createObjects } from "./objects.ts";
import { believeOnlyReady } from "./readiness.ts";
import { createReviews } from "./reviews.ts";
import { createServedKinds } from "./servedKinds.ts";

const IssuerDocument = z.object({ issuer: z.string() });
const KeySet = z.object({ keys: z.array(z.object({ kid: z.string().optional(), kty: z.string() })) });

export function createKubernetes({
  credential,
  // The Microsoft Entra application of the API servers of all AKS clusters.
  scope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
  timeoutMs = 30_000,
}: {
  readonly credential: Credential;
  readonly scope?: string;
  readonly timeoutMs?: number;
}): Kubernetes {
  const sendOnce = createSend({ logins: createLogins({ credential, scope }), timeoutMs });
  const send = believeOnlyReady(sendOnce);
  const asking = createAsking(send);
  const served = createServedKinds(asking);
  const { kinds, namespacedKinds } = served;
  return {
    ...{ kinds, namespacedKinds },
    ...createObjects(send, asking, served),
    ...createLists(asking, served),
    ...createReviews({ send, sendOnce }, served),

    async issuer(cluster) {
      const path = "/.well-known/openid-configuration";
      return (await asking.ask(cluster, { method: "GET", path }, IssuerDocument)).issuer;
    },

    async signingKeys(cluster) {
      // An API server answers a JWKS under this media type alone.
      const accept = "application/jwk-set+json";
      const { keys } = await asking.ask(cluster, { method: "GET", path: "/openid/v1/jwks", accept }, KeySet);
      return keys.map(({ kid: id, kty: type }) => ({ id, type }));
    },
  };
}
