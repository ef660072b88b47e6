/**
 * Every wire operation of every kind of operation × every way to fail × first, second, last and every call,
 * through the real SDKs over real sockets: each ends correctly and leaves a correct state. The default run takes a
 * sample chosen by a seed; `npm run soak` takes them all.
 */
import { isDeepStrictEqual } from "node:util";
import { CoreV1Api, NetworkingV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { usesRealApiServer } from "../../local/cluster/index.ts";
import type { Call } from "../../local/simulators/faults.ts";
import { identityName, namesOfProfile } from "../../src/domain/naming/names.ts";
import { IdentityMode } from "../../src/domain/request/request.ts";
import { hasPostgres } from "../local/simulators/postgres/fixture.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { callManaged, findManaged, managedNamespace, manageNamespace } from "../support/managedNamespaces.ts";
import { isSoak, shareOf } from "../support/proofs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";
import {
  type Cell,
  cellsOf,
  faultOf,
  isAbout,
  isWanted,
  type Kind,
  type Mode,
  targetOf,
  titleOf,
} from "./support/matrix.ts";
import { createDice } from "./support/random.ts";
import {
  accountOf,
  cosmosRolesOf,
  disturbOnPostgres,
  furnishPostgres,
  identityOf,
  listFaults,
  listRemains,
  type ProfileParts,
  rolesOf,
} from "./support/remains.ts";

const sampleSize = isSoak ? Number.POSITIVE_INFINITY : shareOf(50);
/** `2/4`: the second of four shares of the whole matrix, which takes a while. */
const [part = 1, parts = 1] = (process.env["MOORING_PART"] ?? "1/1").split("/").map(Number);
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const together = 8;
// Far longer than a call takes on a busy machine, so that only a cell's own fault can time out.
const callTimeoutMs = 6_000;

/** Each is the one server of those cells that are about PostgreSQL, one after another. */
const schemas = ["matrix-pg-0", "matrix-pg-1"].filter(() => hasPostgres("PostgreSQL in the fault matrix"));
const databases = Array.from({ length: together }, (_, index) => `matrix-${index}`);
let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    databases: ["clean", ...databases, ...schemas.map((schema) => `in-${schema}`)],
    // A namespace has the container of its database's name.
    containers: ["clean", ...databases, ...schemas.map((schema) => `in-${schema}`)],
    accounts: ["clean", ...databases, ...schemas.map((schema) => `in-${schema}`)].map(accountOf),
    schemas,
    profiles,
    // Otherwise a cell whose every call is refused would take ten minutes, and how often a namespace that goes is looked at would
    // depend on how long that takes.
    retry: { authenticationTimeoutMs: 1_000, namespaceDeletionMs: 0 },
    settings: { MOORING_CALL_TIMEOUT_MS: `${callTimeoutMs}` },
  });
  await furnishPostgres(sandbox.cloud);
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

/** What the two requests of each mode ask for. In a namespace that Azure manages, some of it is there. */
const profiles = {
  whole: {
    quota: { pods: 20, "requests.cpu": "4000m" },
    limits: { container: { max: { cpu: 4 } } },
    podSecurity: { enforce: "baseline" },
    network: {},
  },
  narrow: { quota: { pods: 10 }, podSecurity: { enforce: "privileged", warn: "baseline" }, network: { from: ["web"] } },
};
interface Profiled {
  readonly name: string;
  readonly parts: ProfileParts;
}
const standard: Profiled = {
  name: "standard",
  parts: {
    hard: { pods: "20", "requests.cpu": "4", "requests.memory": "8Gi" },
    hasLimits: true,
    labels: { enforce: "baseline", warn: "restricted" },
  },
};
const small: Profiled = {
  name: "small",
  parts: {
    hard: { "count/jobs.batch": "5", "requests.cpu": "1", "requests.memory": "2Gi" },
    hasLimits: false,
    labels: {},
  },
};
/** A network policy closes the metadata service, from which pod identity takes its tokens, and needs the address of a token proxy. */
const profileOf: { readonly [M in Mode]: { readonly now: Profiled; readonly before: Profiled } } = {
  workloadIdentity: {
    now: {
      name: "whole",
      parts: { hard: { pods: "20", "requests.cpu": "4" }, hasLimits: true, labels: { enforce: "baseline" }, from: [] },
    },
    before: {
      name: "narrow",
      parts: {
        hard: { pods: "10" },
        hasLimits: false,
        labels: { enforce: "privileged", warn: "baseline" },
        from: ["web"],
      },
    },
  },
  podIdentity: { now: standard, before: small },
  identityBinding: { now: standard, before: small },
};

/** Azure manages the namespaces of one mode. A real API server has no AKS around it. */
function isManaged({ mode }: Pick<Place, "mode">): boolean {
  return mode === "identityBinding" && !usesRealApiServer;
}

async function managedOf({ namespace }: Place) {
  const managed = await findManaged(sandbox.cloud, namespace);
  if (!managed) return undefined;
  const { tags, properties } = managed;
  const { defaultResourceQuota: quota = null, defaultNetworkPolicy: network, labels } = properties;
  return { tags, quota, network, labels };
}

/** What Azure then has before the first request, and after the last. */
const asTheirs = {
  tags: {},
  quota: { cpuLimit: "9000m" },
  network: { ingress: "AllowSameNamespace", egress: "AllowAll" },
  labels: { owner: "platform" },
};

interface Place {
  readonly namespace: string;
  readonly database: string;
  readonly mode: Mode;
  readonly schema?: string | undefined;
}

function requestFor({ namespace, database, mode, schema }: Place, changes: object = {}) {
  const wanted = { server: names.sqlServer, database, roles: ["reader"] };
  const places = [database, accountOf(database), ...(schema === undefined ? [] : [schema])];
  const targets = places.map((target) => ({ target, access: ["read"] }));
  const { name: namespaceProfile } = profileOf[mode].now;
  const request = { cluster: names.cluster, namespace, identityMode: mode, databases: [wanted], targets };
  return { ...request, namespaceProfile, ...changes };
}

/** In Cosmos DB, what `read` gives. */
const reader = "00000000-0000-0000-0000-000000000001";

/** What it gives; read and write together are Storage Blob Data Contributor. */
const before = {
  serviceAccount: "before",
  role: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  cosmosRole: "00000000-0000-0000-0000-000000000002",
  userRoles: ["mooring_executor", "mooring_reader"],
  may: ["DELETE", "INSERT", "SELECT", "UPDATE"],
};

/** The request before a change, which removes a role, a service account, a selector and parts of its profile, and leads to everyone else's request. */
function requestBefore(place: Place) {
  const wanted = { server: names.sqlServer, database: place.database, roles: ["reader", "executor"] };
  const name = place.mode === "podIdentity" ? { selector: "before" } : { serviceAccount: "before" };
  const targets = [
    { target: place.database, access: ["read", "write"] },
    { target: accountOf(place.database), access: ["read", "write"] },
    ...(place.schema === undefined ? [] : [{ target: place.schema, access: ["write"] }]),
  ];
  return requestFor(place, {
    databases: [wanted],
    targets,
    namespaceProfile: profileOf[place.mode].before.name,
    ...name,
  });
}

async function end(id: string): Promise<Operation> {
  return await service.waitFor(id, 120_000);
}

async function post(place: Place, what: string): Promise<string> {
  const path = `/api/namespaces/${names.cluster}/${place.namespace}/${what}`;
  const { status, body } = await service.call("POST", path);
  if (status !== 202) throw new Error(`${what} was answered ${status}: ${JSON.stringify(body)}`);
  return String(body["id"]);
}

/** Brings the namespace into the state in which an operation of the kind begins. */
async function prepare(kind: Kind, place: Place): Promise<void> {
  if (isManaged(place)) {
    const { labels, quota: defaultResourceQuota } = asTheirs;
    await manageNamespace(sandbox.cloud, place.namespace, { labels, defaultResourceQuota });
  }
  if (kind === "onboard") return;
  const request = kind === "change" ? requestBefore(place) : requestFor(place);
  expect((await end(await service.onboard(request))).status).toBe("Succeeded");
  if (kind !== "repair") return;
  const name = identityName({ cluster: names.cluster, namespace: place.namespace });
  await sandbox.cloud.sql.database(place.database).runScript(`DROP USER [${name}]`);
  identityOf(sandbox.cloud, place.namespace)?.federatedCredentials.clear();
  for (const each of rolesOf(sandbox.cloud, [place.database])) sandbox.cloud.world.roleAssignments.delete(each.name);
  for (const [key] of cosmosRolesOf(sandbox.cloud, [place.database])) sandbox.cloud.world.cosmosAssignments.delete(key);
  if (place.schema !== undefined) await disturbOnPostgres(sandbox.cloud, place.namespace, place.schema);
  await disturbProfile(place);
}

/** Somebody deletes what the profile has in the cluster, and takes away in Azure what it has there. */
async function disturbProfile({ namespace, ...place }: Place): Promise<void> {
  const config = kubeConfigOf(sandbox.cloud);
  const core = config.makeApiClient(CoreV1Api);
  await core.deleteNamespacedResourceQuota({ name: namesOfProfile.quota, namespace });
  await core.deleteNamespacedLimitRange({ name: namesOfProfile.limits, namespace });
  if (profileOf[place.mode].now.parts.from) {
    const name = namesOfProfile.network;
    await config.makeApiClient(NetworkingV1Api).deleteNamespacedNetworkPolicy({ name, namespace });
  }
  if (!isManaged(place)) return;
  const { tags, properties } = await managedNamespace(sandbox.cloud, namespace);
  const { labels, quota: defaultResourceQuota } = asTheirs;
  await manageNamespace(sandbox.cloud, namespace, { ...properties, labels, defaultResourceQuota }, tags);
}

const starts: Readonly<Record<Kind, (place: Place) => Promise<string>>> = {
  onboard: (place) => service.onboard(requestFor(place)),
  change: (place) => service.onboard(requestFor(place)),
  offboard: ({ namespace }) => service.offboard(names.cluster, namespace),
  repair: (place) => post(place, "repair"),
  migrate: (place) => post(place, "migrate"),
};

async function run(kind: Kind, place: Place): Promise<Operation> {
  return await end(await starts[kind](place));
}

/** A namespace migrates to workload identity. */
function kindsOf(mode: Mode): readonly Kind[] {
  const kinds = ["onboard", "change", "repair", "offboard"] as const;
  return mode === "workloadIdentity" ? kinds : [...kinds, "migrate"];
}

/** The calls of a clean run that concern its namespace only. */
async function record(kind: Kind, place: Place): Promise<readonly Call[]> {
  await prepare(kind, place);
  const before = sandbox.cloud.faults.journal.length;
  expect((await run(kind, place)).status).toBe("Succeeded");
  return sandbox.cloud.faults.journal.slice(before).filter((call) => isAbout(call, place));
}

async function findCells(): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  for (const mode of IdentityMode.options) {
    for (const kind of kindsOf(mode)) {
      // Only a new database sees a login, so the first run records it.
      const place = { namespace: `clean-${kind}-${mode.toLowerCase()}`, database: "clean", mode, schema: schemas[0] };
      cells.push(...cellsOf(await record(kind, place), { kind, mode }));
    }
  }
  return cells;
}

/** Waits for the gate to open, a moment after the operation shows as ended; undefined when there is no record. */
async function stateOf(namespace: string): Promise<unknown> {
  let state: unknown;
  const look = async () => {
    const { body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
    state = body["state"];
    return state === undefined || state === "Onboarded" || state === "Incomplete";
  };
  await expect.poll(look, { timeout: 40_000, interval: 20 }).toBe(true);
  return state;
}

/** Connections stay open, and every verification logs in to every database of the catalog: nobody else may be at work. */
function isLogin({ wire, operation }: Cell): boolean {
  return wire === "sql" && operation === "LOGIN";
}

async function disconnect(): Promise<void> {
  sandbox.cloud.sql.disconnect();
  await expect.poll(() => sandbox.cloud.sql.connections).toBe(0);
}

async function tryCell(cell: Cell, place: Place): Promise<string | undefined> {
  const { faults } = sandbox.cloud;
  const target = targetOf(cell.wire, place);
  await prepare(cell.kind, place);
  if (isLogin(cell)) await disconnect();
  const before = faults.journal.length;
  const takeBack = faults.add(faultOf(cell, target));
  let ended: Operation;
  try {
    ended = await run(cell.kind, place);
  } finally {
    takeBack();
  }
  const met = faults.journal
    .slice(before)
    .filter((call) => call.wire === cell.wire && call.operation === cell.operation && target.test(call.target)).length;
  const { namespace } = place;
  const problems: string[] = [];
  if (met <= cell.skip) problems.push(`the call was made ${met} times only`);
  if (cell.way.passes && cell.times === 1 && ended.status !== "Succeeded") problems.push("it did not ride it out");
  const left = async () => await remainsOf(cell, ended, place);
  problems.push(...(await judge(cell, ended, place)));
  if ((await stateOf(namespace)) !== undefined) {
    const last = await run("offboard", place);
    if (last.status !== "Succeeded")
      problems.push(`the offboarding after it is ${last.status}: ${last.error?.message}`);
  }
  problems.push(...(await left()).map((each) => `left at the end: ${each}`));
  if (isManaged(place)) await callManaged(sandbox.cloud, "DELETE", namespace);
  if (problems.length === 0) return undefined;
  return `${titleOf(cell)} → ${ended.status} ${ended.error?.code ?? ""} ${ended.error?.message ?? ""}\n  ${problems.join("\n  ")}`;
}

/** What is left of it. Where Mooring may not list a kind, somebody may have such an object, and the namespace stays. */
async function remainsOf(
  { wire, way }: Cell,
  { steps }: Pick<Operation, "steps">,
  place: Place,
): Promise<readonly string[]> {
  const { namespace, database, schema } = place;
  const left = await listRemains(sandbox.cloud, namespace, [database], schema === undefined ? [] : [schema]);
  if (isManaged(place)) {
    const theirs = ["Namespace", "ResourceQuota defaultresourcequota", "NetworkPolicy defaultnetworkpolicy"];
    const managed = await managedOf(place);
    const changed = isDeepStrictEqual(managed, asTheirs) ? [] : [`in Azure ${JSON.stringify(managed)}`];
    return [...left.filter((each) => !theirs.some((own) => each.startsWith(own))), ...changed];
  }
  const isUnseen = wire === "kubernetes" && way.name.startsWith("403");
  const isKept = isUnseen && steps.some(({ name, action }) => name === "removeNamespace" && action === "keep");
  return isKept ? left.filter((each) => each !== `Namespace ${namespace}`) : left;
}

/** Checks what must be true once the operation has ended. */
async function judge(cell: Cell, { status, error, steps }: Operation, place: Place): Promise<readonly string[]> {
  const { kind } = cell;
  const { namespace, database, mode, schema } = place;
  const targets = { databases: [database], containers: [database], schemas: schema === undefined ? [] : [schema] };
  const { parts: profile } = profileOf[mode].now;
  const faultsOf = async (
    now: Mode,
    { profile: has = profile, ...more }: Partial<Parameters<typeof listFaults>[1]> = {},
  ) =>
    await listFaults(sandbox.cloud, {
      ...{ namespace, mode: now, ...targets, cosmosRole: reader, ...more },
      profile: isManaged(place) ? { ...has, hard: { ...has.hard, "limits.cpu": "9" } } : has,
    });
  const state = await stateOf(namespace);
  const hasSucceeded = status === "Succeeded";
  if (kind === "offboard") return [];
  if (hasSucceeded) return faultsOf(kind === "migrate" ? "workloadIdentity" : mode);
  const isLeft = error?.code === "COMPENSATION_FAILED" || error?.code === "CHANGE_INCOMPLETE";
  if (kind === "onboard") {
    if (isLeft) return [];
    const left = (await remainsOf(cell, { steps }, place)).map((each) => `left behind: ${each}`);
    return state === undefined ? left : [...left, `the namespace's record is ${state}`];
  }
  const expected = kind === "change" && isLeft ? "Incomplete" : "Onboarded";
  const problems = state === expected ? [] : [`the namespace's record is ${state}, not ${expected}`];
  if (isLeft || kind === "repair") return problems;
  if (kind === "change") {
    return [...problems, ...(await faultsOf(mode, { ...before, profile: profileOf[mode].before.parts }))];
  }
  // One of the two modes must be complete.
  const [old, fresh] = [await faultsOf(mode), await faultsOf("workloadIdentity")];
  return old.length > 0 && fresh.length > 0 ? [...problems, ...old, ...fresh] : problems;
}

it(`ends correctly whatever fails (seed ${seed})`, async () => {
  const all = await findCells();
  // A lower bound, so that missing cells would show.
  expect(all.length).toBeGreaterThan(3_000);
  const wires = ["arm", "sql", "kubernetes", ...(schemas.length > 0 ? ["postgres"] : [])];
  expect(new Set(all.map(({ wire }) => wire))).toEqual(new Set(wires));
  const cells = createDice(seed)
    .shuffle(all.filter(isWanted))
    .filter((_, index) => index % parts === part - 1)
    .slice(0, sampleSize);

  const bad: string[] = [];
  const open = [...cells.entries()];
  const alone = open.filter(([, cell]) => isLogin(cell));
  const onPostgres = open.filter(([, { wire }]) => wire === "postgres");
  const beside = open.filter(([, cell]) => !isLogin(cell) && cell.wire !== "postgres");
  let tried = 0;
  const work = async (from: [number, Cell][], database: string, schema?: string) => {
    for (;;) {
      const [index, cell] = from.shift() ?? [];
      if (index === undefined || !cell) return;
      tried += 1;
      const place = { namespace: `matrix-${index}`, database, mode: cell.mode, schema };
      const problem = await tryCell(cell, place).catch((error: unknown) => `${titleOf(cell)} → threw ${String(error)}`);
      if (problem) bad.push(problem);
      // A soak reports its findings as it goes.
      if (isSoak && (problem || index % 100 === 0)) console.log(problem ?? `${index} of ${cells.length} cells`);
    }
  };
  await Promise.all([
    ...databases.map((database) => work(beside, database)),
    ...schemas.map((schema) => work(onPostgres, `in-${schema}`, schema)),
  ]);
  await work(alone, databases[0] ?? "");
  if (isSoak) console.log(`${cells.length} of ${all.length} cells`);

  expect(bad.join("\n")).toBe("");
  expect(tried).toBe(cells.length);
}, 7_200_000);
