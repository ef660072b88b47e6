/** The controller that fills secrets of type service-account-token (kubernetes.io "Manually create a long-lived API token"). */

import { objectAt, stringAt } from "azure-sim/json";
import type { Cluster } from "azure-sim/world";
import type { LookUp } from "./authentication.ts";
import { type Controller, startController } from "./controller.ts";
import type { KubeObject } from "./object.ts";
import type { Resources } from "./resource.ts";
import { lastingToken } from "./serviceAccountTokens.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

const prefix = "kubernetes.io/service-account";

export function startTokenSecrets({
  store,
  objects,
  resources,
  cluster,
  lookUp,
  authority,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
  readonly cluster: Cluster;
  readonly lookUp: LookUp;
  /** Of the API server; PEM. */
  readonly authority: string;
}): Controller {
  return startController(store, {
    concerns: ({ resource: { kind }, object }) => kind === "ServiceAccount" || isOurs(object),
    reconcile() {
      const resource = resources.ofKind("v1", "Secret");
      if (resource === undefined) return;
      for (const secret of store.list(resource).filter(isOurs)) {
        const { namespace = "", name, uid, annotations = {} } = secret.metadata;
        const account = lookUp("ServiceAccount", namespace, annotations[`${prefix}.name`] ?? "");
        const known = annotations[`${prefix}.uid`] ?? account?.metadata.uid;
        // Of an account that is gone, or is another one now.
        if (account === undefined || known !== account.metadata.uid) objects.remove({ resource, namespace, name });
        else if (objectAt(secret, "data")["token"] === undefined) {
          void lastingToken(cluster, account, secret).then((token) => {
            if (lookUp("Secret", namespace, name)?.metadata.uid !== uid) return;
            const data = { token: encoded(token), "ca.crt": encoded(authority), namespace: encoded(namespace) };
            const body = { metadata: { annotations: { [`${prefix}.uid`]: known } }, data };
            const patch = { mediaType: "application/merge-patch+json", body };
            objects.patch({ resource, namespace, name }, patch, { manager: "kube-controller-manager" });
          });
        }
      }
    },
  });
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

function isOurs(object: KubeObject): boolean {
  const isToken = object.kind === "Secret" && stringAt(object, "type") === `${prefix}-token`;
  return isToken && object.metadata.deletionTimestamp === undefined;
}
