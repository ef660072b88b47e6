/**
 * The simulated API server fills in, counts and refuses amounts as a real one, in the same words (amounts.json has what a real one
 * answered; MOORING_RECORD=1 on it records again).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { usesRealApiServer } from "../../../src/cluster/index.ts";
import { eventually, startCluster, type TestCluster } from "../cluster.ts";
import { type AmountCase, amountCases } from "./amounts.ts";

const isRecording = process.env["MOORING_RECORD"] === "1";
const file = join(import.meta.dirname, "amounts.json");
const Recorded = z.record(z.string(), z.object({ answers: z.array(z.string()), used: z.array(z.string()) }));
const recorded = isRecording ? {} : Recorded.parse(JSON.parse(readFileSync(file, "utf8")));
const found: z.infer<typeof Recorded> = {};

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster.simulator.close();
  if (isRecording && usesRealApiServer) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
});

const paths: Readonly<Record<string, string>> = {
  Job: "/apis/batch/v1/namespaces/NAMESPACE/jobs",
  Pod: "/api/v1/namespaces/NAMESPACE/pods",
  ConfigMap: "/api/v1/namespaces/NAMESPACE/configmaps",
  Secret: "/api/v1/namespaces/NAMESPACE/secrets",
  Service: "/api/v1/namespaces/NAMESPACE/services",
  PersistentVolumeClaim: "/api/v1/namespaces/NAMESPACE/persistentvolumeclaims",
  LimitRange: "/api/v1/namespaces/NAMESPACE/limitranges",
  ResourceQuota: "/api/v1/namespaces/NAMESPACE/resourcequotas",
};

const Container = z.object({ name: z.string(), resources: z.unknown() });
const Answer = z.object({
  message: z.string().optional(),
  spec: z
    .object({ containers: z.array(Container).default([]), initContainers: z.array(Container).default([]) })
    .optional(),
});
const Quota = z.object({ status: z.object({ used: z.record(z.string(), z.string()).optional() }).optional() });

async function send(namespace: string, object: object, query = ""): Promise<string> {
  const { kind } = object as { kind: string };
  const path = `${paths[kind]?.replace("NAMESPACE", namespace)}${query}`;
  const { status, text } = await cluster.request("POST", path, { body: object });
  const { message, spec } = Answer.parse(JSON.parse(text));
  if (status >= 300) return `${status} ${inOrder(message ?? "")}`;
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return `${status} ${containers.map(({ name, resources }) => `${name} ${JSON.stringify(sorted(resources))}`).join("; ")}`;
}

/** A server lists what it refuses in the order of a map, which is none. */
function inOrder(message: string): string {
  return message
    .split(": ")
    .map((part) => part.replace(/[[\]]/g, "").split(/, ?/).toSorted().join(", "))
    .join(": ");
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function answersTo({ limits = [], quotas = [], before = [], asked }: AmountCase, namespace: string) {
  await cluster.createNamespace(namespace);
  const { objects } = cluster.simulator;
  await eventually(() => objects.get("v1", "ServiceAccount", "default", namespace));
  await eventually(() => objects.get("v1", "ConfigMap", "kube-root-ca.crt", namespace));
  const made = { apiVersion: "v1" } as const;
  for (const [index, each] of limits.entries()) {
    await send(namespace, {
      ...made,
      kind: "LimitRange",
      metadata: { name: `range-${index}` },
      spec: { limits: each },
    });
  }
  for (const [index, spec] of quotas.entries()) {
    await send(namespace, { ...made, kind: "ResourceQuota", metadata: { name: `quota-${index}` }, spec });
  }
  const counted = async () => {
    const all = await objects.list("v1", "ResourceQuota", namespace);
    const used = all.map((each) => Quota.parse(each).status?.used);
    return used.every((each) => each !== undefined) ? used : undefined;
  };
  await eventually(counted);
  // A real server's admission hears of what was made a moment later.
  if (usesRealApiServer) await sleep(300);
  for (const each of before) expect(await send(namespace, each)).toMatch(/^201 /);
  // And its controller counts later still.
  if (usesRealApiServer && before.length > 0) await sleep(1_000);
  else await sleep(20);
  const answers: string[] = [];
  for (const each of asked) answers.push((await send(namespace, each, "?dryRun=All")).replaceAll(namespace, "NS"));
  const used = ((await counted()) ?? []).map((each) => JSON.stringify(sorted(each)));
  return { answers, used };
}

test.each(amountCases.map((each, index) => ({ ...each, namespace: `amounts-${index}` })))(
  "$title",
  async ({ title, namespace, ...given }) => {
    found[title] = await answersTo({ title, ...given }, namespace);
    if (!isRecording) expect(found[title]).toEqual(recorded[title]);
  },
);
