/** The controller that fills secrets of type service-account-token (kubernetes.io "Manually create a long-lived API token"). */
import { objectAt, stringAt } from "azure-sim/json";
import type { Cluster } from "azure-sim/world";
import { type Controller, mergePatch, type Parts, startController } from "./controller.ts";
import type { KubeObject } from "./object.ts";
import { lastingToken } from "./serviceAccountTokens.ts";
import type { LookUp } from "./users.ts";

const prefix = "kubernetes.io/service-account";

/** `authority` is that of the API server; PEM. */
export function startTokenSecrets(
  parts: Parts,
  { cluster, lookUp, authority }: { cluster: Cluster; lookUp: LookUp; authority: string },
): Controller {
  const { store, objects, resources } = parts;
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
            mergePatch(parts, resource, secret, { metadata: { annotations: { [`${prefix}.uid`]: known } }, data });
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
