/** Asks an API server, and makes equal in its answers what differs by chance: identities, versions and times. */
import { createHash } from "node:crypto";
import type { PolicyRule } from "azure-sim/world";
import { eventually, startCluster, type TestCluster } from "../cluster.ts";
import { kinds } from "./kinds.ts";
import { granterRules, namespacesOfAreas, policies, prepareAreas } from "./prepare.ts";
import type { Question, Real } from "./recorded.ts";

export interface Answered {
  readonly id: string;
  readonly own: Real;
}

const reader = "77777777-2222-4333-8444-555555555555";
const stranger = "99999999-2222-4333-8444-555555555555";
const granter = "88888888-2222-4333-8444-555555555555";
const readerRules: readonly PolicyRule[] = [
  { apiGroups: ["", "batch"], resources: ["configmaps", "jobs"], verbs: ["get", "list"] },
];

/** A cluster with a namespace for each kind, in which nothing happens by itself any more. */
export async function startAsked(): Promise<TestCluster> {
  const cluster = await startCluster({ traits: { roles: new Map([[reader, readerRules]]) } });
  await makeNamespaces(
    cluster,
    kinds.map(({ plural }) => `asks-${plural}`),
  );
  return cluster;
}

/** A cluster with what the questions of each area begin with. */
export async function startAskedOfAreas(): Promise<TestCluster> {
  const roles = new Map<string, readonly PolicyRule[]>([
    [reader, readerRules],
    [granter, granterRules],
  ]);
  const cluster = await startCluster({ traits: { roles }, simulator: { policies } });
  await makeNamespaces(cluster, namespacesOfAreas);
  await prepareAreas(cluster);
  return cluster;
}

async function makeNamespaces(cluster: TestCluster, names: readonly string[]) {
  for (const name of names) await cluster.createNamespace(name);
  for (const name of names) {
    await eventually(() => cluster.simulator.objects.get("v1", "ServiceAccount", "default", name));
    await eventually(() => cluster.simulator.objects.get("v1", "ConfigMap", "kube-root-ca.crt", name));
  }
}

/** `withHeaders`: the media type and the warnings of an answer belong to it. */
export async function ask(
  cluster: TestCluster,
  questions: readonly Question[],
  { withHeaders = false }: { withHeaders?: boolean } = {},
): Promise<readonly Answered[]> {
  const tokens: Record<string, string> = {
    administrator: cluster.token,
    reader: await cluster.entraToken({ appid: reader }),
    stranger: await cluster.entraToken({ appid: stranger }),
    granter: await cluster.entraToken({ appid: granter }),
    nonsense: "nonsense",
  };
  async function answer({ id, ask, body, headers = {}, caller = "administrator" }: Question): Promise<Answered> {
    const token = tokens[caller];
    const [method = "", path = ""] = ask.split(" ");
    const {
      status,
      text,
      headers: given,
    } = await cluster.request(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { ...headers, ...(token === undefined ? { authorization: "" } : {}) },
      ...(token === undefined ? {} : { token }),
    });
    const withoutAddress = text.replaceAll(new URL(cluster.simulator.url).host, "<address>");
    return { id, own: [status, ...made(withoutAddress, withHeaders ? headOf(given) : "")] };
  }
  const answers: Answered[] = [];
  for (const together of inGroups(questions)) answers.push(...(await Promise.all(together.map(answer))));
  return answers;
}

/** One after another, but watches that follow each other at once: each takes a second. */
function inGroups(questions: readonly Question[]): readonly (readonly Question[])[] {
  const isWatch = ({ ask }: Question) => ask.includes("timeoutSeconds=1");
  return questions.reduce<Question[][]>((groups, question) => {
    const last = groups.at(-1);
    if (last?.every(isWatch) && isWatch(question)) last.push(question);
    else groups.push([question]);
    return groups;
  }, []);
}

function headOf({ "content-type": type = "", warning = "" }: NodeJS.Dict<string | string[]>): string {
  return [type, warning].flat().join("\n");
}

function made(text: string, head: string): readonly [reason: string, kind: string, digest: string] {
  const lines = text.includes("\n") ? text.trimEnd().split("\n").map(read) : [];
  // A watch: one JSON document a line.
  const isStream = lines.length > 0 && lines.every((line) => typeof line === "object" && line !== null);
  const parsed = isStream && lines.length > 1 ? lines : read(text);
  const isStatus = typeof parsed === "object" && parsed !== null;
  const { kind = "", reason = "" } = isStatus ? (parsed as { kind?: string; reason?: string }) : {};
  const equal = head + (isStatus ? JSON.stringify(equalized(parsed)) : equalText(text));
  const digest = createHash("sha256").update(equal).digest("base64url").slice(0, 12);
  return [kind === "Status" ? String(reason) : "", String(kind), digest];
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
  "serverAddress",
  "uid",
  "resourceVersion",
  "continue",
  "ca.crt",
  "batch.kubernetes.io/controller-uid",
  "controller-uid",
]);
const uid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** In a table's cell: how long ago a question's date is. */
const daysAgo = /^(?:(?:\d+y)?\d+d|\d+y)$/;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** What controllers write at any time: the status of an object, and that it is theirs. */
function isOfController(field: string, value: unknown, kind: unknown): boolean {
  return field === "status" && typeof value === "object" && !asked.has(String(kind));
}

/** Nothing but the questions writes their status. */
const asked: ReadonlySet<string> = new Set([
  ...["Scale", "TokenReview", "SelfSubjectReview"],
  ...["SubjectAccessReview", "SelfSubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectRulesReview"],
]);

const isTheirs = (entry: unknown) =>
  typeof entry === "object" && entry !== null && "manager" in entry && entry.manager === "kube-controller-manager";

function equalText(text: string): string {
  return text
    .replaceAll(uid, "<uid>")
    .replaceAll(time, "<time>")
    .replaceAll(/\b\d+s$/gm, "<age>")
    .replaceAll(/current: \d+/g, "current: <version>")
    .replaceAll(/in record \(\d+\)/g, "in record (<version>)")
    .replaceAll(/(resourceVersion\\*"?:\s*\\*")\d+/g, "$1<version>")
    .replaceAll(/(kube-api-access-|Not_Good-|Area-|x{58})[a-z0-9]{5}\b/g, "$1<suffix>");
}

/** With its fields in order. */
function equalized(value: unknown, name = ""): unknown {
  if (typeof value === "string") {
    if (byChance.has(name) && value !== "") return `<${name}>`;
    return name === "cells" && daysAgo.test(value) ? "<age>" : equalText(value);
  }
  if (Array.isArray(value) && name === "managedFields") {
    // In the order of their seconds.
    const all = value.filter((item) => !isTheirs(item)).map((item) => equalized(item));
    return all.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  }
  if (Array.isArray(value)) return value.filter((item) => !isTheirs(item)).map((item) => equalized(item, name));
  if (typeof value !== "object" || value === null) return value;
  const kind = "kind" in value ? value.kind : undefined;
  const entries = Object.entries(value)
    .filter(([field, child]) => !isOfController(field, child, kind))
    .map(([field, child]) => [field, equalized(child, field)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
