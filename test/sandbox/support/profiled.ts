/** Requests for a namespace with a profile, and the labels of Pod Security that one gives. */
import { names } from "../../../sandbox/cloud.ts";

export const enforce = "pod-security.kubernetes.io/enforce";
export const warn = "pod-security.kubernetes.io/warn";

export function wanted(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    namespaceProfile: "standard",
    ...changes,
  };
}
