import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { bringObjects } from "../../../src/resources/kubernetesObject/ensureObjects.ts";
import { catalog, createFakeCloud } from "../../support/fakeCloud.ts";

const desired: readonly KubernetesObject[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "databases", namespace: "team-a" }, data: {} },
];

type Apply = (object: KubernetesObject) => Promise<KubernetesObject>;

async function bring(apply: Apply): Promise<readonly string[]> {
  const calls: string[] = [];
  const kubernetes = {
    ...createFakeCloud().ports.kubernetes,
    get: async () => undefined,
    async apply(_cluster: unknown, object: KubernetesObject) {
      calls.push(object.kind);
      return await apply(object).finally(() => calls.push(`${object.kind} ended`));
    },
  };
  const { "aks-dev": cluster } = catalog.clusters;
  if (!cluster) throw new Error("the catalog has no aks-dev");
  const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
  const rest = { operation: "now", adoptionPolicy: "IfIdentical", recordedMark: async () => undefined } as const;
  await bringObjects(kubernetes, { ...cluster, alias: "aks-dev" }, desired, {
    ...namespaceRef,
    ...rest,
    step: { willDo: async () => undefined },
  }).catch((error: unknown) => calls.push(String(error)));
  return calls;
}

it("applies what is in a new namespace at the same time, and again if it came before the namespace", async () => {
  let isThere = false;
  const calls = await bring(async (object) => {
    if (object.kind === "Namespace") {
      await sleep(5);
      isThere = true;
    } else if (!isThere) throw new PermanentError("KUBERNETES_REJECTED", "no place for it");
    return object;
  });

  expect(calls).toEqual([
    "Namespace",
    "ConfigMap",
    "ConfigMap ended",
    "Namespace ended",
    "ConfigMap",
    "ConfigMap ended",
  ]);
});

it("fails with what was wrong with the namespace, after every call has ended", async () => {
  const calls = await bring(async (object) => {
    if (object.kind === "Namespace") throw new TransientError("CLUSTER_UNREACHABLE", "no answer");
    await sleep(5);
    throw new PermanentError("KUBERNETES_REJECTED", "no place for it");
  });

  expect(calls).toEqual(["Namespace", "ConfigMap", "Namespace ended", "ConfigMap ended", "TransientError: no answer"]);
});
