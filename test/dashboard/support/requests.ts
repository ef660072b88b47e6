/** What the tests ask the service for. */
import { names } from "../../../sandbox/cloud.ts";
import type { Service } from "../../support/service.ts";

export const { cluster, sqlServer } = names;

/** How many namespaces of a batch are worked on at a time: few, so that a short batch has to wait for them. */
export const lanes = 4;

export const database = (name: string, ...roles: string[]) => ({ server: sqlServer, database: name, roles });

export function request(namespace: string, changes: object = {}) {
  return { cluster, namespace, databases: [database("messages", "reader")], ...changes };
}

/** It waits until somebody decides. */
export function toApprove(namespace: string) {
  return request(namespace, { databases: [database("orders", "reader")] });
}

export async function onboard(service: Service, ...namespaces: readonly string[]): Promise<void> {
  const ids = await Promise.all(namespaces.map((namespace) => service.onboard(request(namespace))));
  await Promise.all(ids.map((id) => service.waitFor(id)));
}
