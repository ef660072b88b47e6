/** Asks an API server, and makes equal in its answers what differs by chance: identities, versions and times. */
import { createHash } from "node:crypto";
import { eventually, startCluster, type TestCluster } from "../cluster.ts";
import { kinds, type Question } from "./table.ts";

export interface Answered {
  readonly id: string;
  readonly status: number;
  readonly reason: string;
  readonly kind: string;
  /** Of the whole answer. */
  readonly digest: string;
  readonly text: string;
}

const reader = "77777777-2222-4333-8444-555555555555";
const stranger = "99999999-2222-4333-8444-555555555555";

/** A cluster with a namespace for each kind, in which nothing happens by itself any more. */
export async function startAsked(): Promise<TestCluster> {
  const rules = [{ apiGroups: ["", "batch"], resources: ["configmaps", "jobs"], verbs: ["get", "list"] }];
  const cluster = await startCluster({ traits: { roles: new Map([[reader, rules]]) } });
  for (const { plural } of kinds) await cluster.createNamespace(`asks-${plural}`);
  for (const { plural } of kinds) {
    const namespace = `asks-${plural}`;
    await eventually(() => cluster.simulator.objects.get("v1", "ServiceAccount", "default", namespace));
    await eventually(() => cluster.simulator.objects.get("v1", "ConfigMap", "kube-root-ca.crt", namespace));
  }
  return cluster;
}

export async function ask(cluster: TestCluster, questions: readonly Question[]): Promise<readonly Answered[]> {
  const tokens: Record<string, string> = {
    administrator: cluster.token,
    reader: await cluster.entraToken({ appid: reader }),
    stranger: await cluster.entraToken({ appid: stranger }),
    nonsense: "nonsense",
  };
  const answers: Answered[] = [];
  for (const { id, method, path, body, headers = {}, caller = "administrator" } of questions) {
    const token = tokens[caller];
    const { status, text } = await cluster.request(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { ...headers, ...(token === undefined ? { authorization: "" } : {}) },
      ...(token === undefined ? {} : { token }),
    });
    answers.push({ id, status, ...made(text) });
  }
  return answers;
}

function made(text: string): Omit<Answered, "id" | "status"> {
  const parsed = read(text);
  const isStatus = typeof parsed === "object" && parsed !== null;
  const { kind = "", reason = "" } = isStatus ? (parsed as { kind?: string; reason?: string }) : {};
  const equal = isStatus ? JSON.stringify(equalized(parsed)) : text;
  const digest = createHash("sha256").update(equal).digest("base64url").slice(0, 12);
  return { kind: String(kind), reason: kind === "Status" ? String(reason) : "", digest, text: equal };
}

function read(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}

const byChance = new Set([
  "uid",
  "resourceVersion",
  "continue",
  "ca.crt",
  "batch.kubernetes.io/controller-uid",
  "controller-uid",
]);
const uid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** What controllers write at any time: the status of an object, and that it is theirs. */
function isOfController(field: string, value: unknown): boolean {
  return field === "status" && typeof value === "object";
}

const isTheirs = (entry: unknown) =>
  typeof entry === "object" && entry !== null && "manager" in entry && entry.manager === "kube-controller-manager";

/** With its fields in order. */
function equalized(value: unknown, name = ""): unknown {
  if (typeof value === "string") {
    if (byChance.has(name) && value !== "") return `<${name}>`;
    return value
      .replaceAll(uid, "<uid>")
      .replaceAll(time, "<time>")
      .replaceAll(/\b\d+s$/g, "<age>")
      .replaceAll(/current: \d+/g, "current: <version>");
  }
  if (Array.isArray(value)) return value.filter((item) => !isTheirs(item)).map((item) => equalized(item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([field, child]) => !isOfController(field, child))
    .map(([field, child]) => [field, equalized(child, field)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
