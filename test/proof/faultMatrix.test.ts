/**
 * Every wire operation of every kind of operation × every way to fail × first, second, last and every call,
 * through the real SDKs over real sockets: each ends correctly and leaves a correct state. The default run takes a
 * sample chosen by a seed; `npm run soak` takes them all.
 */
import { isDeepStrictEqual } from "node:util";
import type { Call } from "azure-sim/faults";
import { hasPostgres } from "azure-sim/testing/postgres";
import { isShort, isSoak, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callManaged } from "../support/managedNamespaces.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";
import { createHosts, type Hosts, hostsOf } from "./support/hosts.ts";
import {
  aimOf,
  type Cell,
  type Course,
  cellsOf,
  courses,
  faultOf,
  isAbout,
  isWanted,
  isWantedCourse,
  type Kind,
  type Mode,
  nameOf,
  roleKindOf,
  type Setting,
  spread,
  targetOf,
  titleOf,
} from "./support/matrix.ts";
import {
  asTheirs,
  clusterOf,
  disturb,
  furnish,
  installCilium,
  isManaged,
  managedOf,
  type Place,
  profileParts,
  profiles,
  reader,
  requestBefore,
  requestFor,
  rightsBefore,
  userOf,
  withMatrix,
} from "./support/matrixPlaces.ts";
import {
  accountOf,
  clingOnPostgres,
  furnishPostgres,
  listFaults,
  listOpened,
  listRemains,
  roleTargetOf,
} from "./support/remains.ts";
import { narrow } from "./support/roleKinds.ts";
import { createShare, homesOf, type Share } from "./support/share.ts";

/** MOORING_CELLS ends a soak after so many. */
const sampleSize = isSoak ? Number(process.env["MOORING_CELLS"] ?? Number.POSITIVE_INFINITY) : Math.max(2, shareOf(50));
/** `2/4`: the second of four shares of the whole matrix, which takes a while. */
const [part = 1, parts = 1] = (process.env["MOORING_PART"] ?? "1/1").split("/").map(Number);
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const dice = createDice(seed);
/** A small sample is taken from as many kinds of runs, so that nobody waits for all of them to run without a fault. */
const chosen = dice.shuffle(courses.filter(isWantedCourse)).slice(0, sampleSize);
const together = isShort ? 2 : 8;
// Far longer than a call takes on a busy machine, so that only a cell's own fault can time out. Whoever soaks one may starve it.
const callTimeoutMs = isSoak ? 20_000 : 6_000;
const longestMs = isSoak ? 400_000 : 120_000;

/** Each is the one server of those cells that are about PostgreSQL, one after another. */
const schemas = ["matrix-pg-0", "matrix-pg-1"].filter(() => hasPostgres("PostgreSQL in the fault matrix"));
/** Not named like a namespace: a fault at one would hit the other. */
const databases = Array.from({ length: together }, (_, index) => `cells-${index}`);
/** Each has one home and its guests. */
const shared = Array.from({ length: together / 2 }, (_, index) => `shared-${index}`);
/** For the runs without a fault. */
const clean: Readonly<Record<Setting, string>> = {
  alone: "clean-alone",
  outside: "clean-outside",
  guest: "clean-guest",
  home: "clean-home",
};
let sandbox: SuiteSandbox;
let service: Service;
/** By the database of their homes. */
let shares: ReadonlyMap<string, Share>;
let hosts: Hosts;

beforeAll(async () => {
  const all = [...Object.values(clean), ...databases, ...shared, ...schemas.map((schema) => `in-${schema}`)];
  const withHomes = [clean.guest, ...shared];
  sandbox = await startSandbox({
    because: "its catalog has a database for each lane",
    databases: all,
    more: roleTargetsFor(chosen, all),
    accounts: all.map(accountOf),
    schemas,
    profiles,
    otherCluster: "entra",
    logLevel: "warning",
    catalogFor: withMatrix([...homesOf(withHomes), ...hostsOf([clean.home, ...databases])]),
    // Otherwise a cell whose every call is refused would take ten minutes, and how often a namespace that goes is looked at would
    // depend on how long that takes.
    retry: { authenticationTimeoutMs: 1_000, namespaceDeletionMs: 0 },
    settings: { MOORING_CALL_TIMEOUT_MS: `${callTimeoutMs}` },
  });
  const { cloud } = sandbox;
  await Promise.all([furnishPostgres(cloud), installCilium(cloud)]);
  service = serviceOf(sandbox);
  hosts = createHosts({ cloud, service });
  const roleKind = roleKindOf({ kind: "onboard", mode: "workloadIdentity", setting: "guest" });
  shares = new Map(withHomes.map((database) => [database, createShare({ cloud, service, database, roleKind })]));
});
afterAll(() => sandbox?.close());

/** For every place, a target of each kind on which some of the courses get roles. */
function roleTargetsFor(of: readonly Course[], places: readonly string[]) {
  const kinds = new Set(of.map(roleKindOf));
  return Object.fromEntries(places.flatMap((each) => [...kinds].map((kind) => [roleTargetOf(kind, each), kind])));
}

async function end(id: string): Promise<Operation> {
  return await service.waitFor(id, longestMs);
}

function pathOf(place: Place): string {
  return `/api/namespaces/${clusterOf(place)}/${place.namespace}`;
}

async function post(place: Place, what: string): Promise<string> {
  const { status, body } = await service.call("POST", `${pathOf(place)}/${what}`);
  if (status !== 202) throw new Error(`${what} was answered ${status}: ${JSON.stringify(body)}`);
  return String(body["id"]);
}

/** Brings the namespace into the state in which an operation of the kind begins. */
async function prepare(kind: Kind, place: Place): Promise<void> {
  await furnish(sandbox.cloud, place);
  if (kind === "onboard") return;
  const request = kind === "change" ? requestBefore(place) : requestFor(place);
  const { status, error } = await end(await service.onboard(request));
  expect(status, JSON.stringify(error)).toBe("Succeeded");
  if (place.setting === "home") await hosts.welcome(place);
  if (kind === "repair") await disturb(sandbox.cloud, place);
  const { schema: server } = place;
  if (server !== undefined)
    await clingOnPostgres(sandbox.cloud, userOf(place), { server, makesCode: kind === "change" });
}

const starts: Readonly<Record<Kind, (place: Place) => Promise<string>>> = {
  onboard: (place) => service.onboard(requestFor(place)),
  change: (place) => service.onboard(requestFor(place)),
  offboard: (place) => service.offboard(clusterOf(place), place.namespace),
  repair: (place) => post(place, "repair"),
  migrate: (place) => post(place, `migrate?to=${aimOf(place.mode)}`),
};

async function run(kind: Kind, place: Place): Promise<Operation> {
  return await end(await starts[kind](place));
}

interface Room {
  readonly database: string;
  readonly schema?: string | undefined;
}

async function placeFor(course: Course, name: string, room: Room): Promise<Place> {
  const { mode, setting } = course;
  const home = await shares.get(room.database)?.home();
  const namespace = setting === "home" ? hosts.next(room.database) : name;
  return { ...room, namespace, mode, setting, home, roleKind: roleKindOf(course) };
}

/** The calls of a clean run that concern its namespace only. */
async function record(course: Course, place: Place): Promise<readonly Call[]> {
  await prepare(course.kind, place);
  const from = sandbox.cloud.faults.journal.length;
  const { status, error } = await run(course.kind, place);
  expect(status, `${nameOf(course)}: ${JSON.stringify(error)}`).toBe("Succeeded");
  const calls = sandbox.cloud.faults.journal.slice(from).filter((call) => isAbout(call, place));
  if (course.setting === "home") expect(await hosts.dismiss(place)).toEqual([]);
  // Of the guests in one cluster, one may have a binding; and the next home has this one's name.
  const isInTheWay = course.setting === "home" || (course.setting === "guest" && course.kind !== "offboard");
  if (isInTheWay) expect((await run("offboard", place)).status).toBe("Succeeded");
  return calls;
}

/** Each setting has a database, and a PostgreSQL server, of its own. */
async function findCells(wanted: readonly Course[]): Promise<readonly Cell[]> {
  const found = async (setting: Setting, schema?: string) => {
    const cells: Cell[] = [];
    for (const course of wanted.filter((each) => each.setting === setting)) {
      // Only a new database sees a login, so the first run records it.
      const namespace = `${clean[setting]}-${course.kind}-${course.mode.toLowerCase()}`;
      const place = await placeFor(course, namespace, { database: clean[setting], schema });
      cells.push(...cellsOf(await record(course, place), course));
    }
    return cells;
  };
  const settings = [found("alone", schemas[0]), found("outside", schemas[1]), found("guest"), found("home")];
  return (await Promise.all(settings)).flat();
}

/** Waits for the gate to open, a moment after the operation shows as ended; undefined when there is no record. */
async function stateOf(place: Place): Promise<unknown> {
  let state: unknown;
  const look = async () => {
    const { body } = await service.call("GET", pathOf(place));
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

interface Tried {
  /** How often the cell's call was made: the fault came only if that is more than `skip`. */
  readonly met: number;
  readonly problem: string | undefined;
}

/**
 * On a busy machine the run without a fault may have tried a step twice, and so lists calls that no other run makes: then the last
 * call that there is fails instead.
 */
async function tryWhereMet(cell: Cell, name: string, room: Room): Promise<string | undefined> {
  const first = await tryCell(cell, await placeFor(cell, name, room));
  if (first.problem || first.met > cell.skip) return first.problem;
  const other = { ...cell, skip: Math.max(first.met - 1, 0) };
  const second = await tryCell(other, await placeFor(other, `${name}-again`, room));
  const unmet = `${titleOf(other)}: the call was made ${second.met} times only`;
  return second.problem ?? (second.met > other.skip ? undefined : unmet);
}

async function tryCell(cell: Cell, place: Place): Promise<Tried> {
  const { faults } = sandbox.cloud;
  const target = targetOf(cell.wire, place);
  await prepare(cell.kind, place);
  if (isLogin(cell)) await disconnect();
  const from = faults.journal.length;
  const takeBack = faults.add(faultOf(cell, target));
  let ended: Operation;
  try {
    ended = await run(cell.kind, place);
  } finally {
    takeBack();
  }
  const met = faults.journal
    .slice(from)
    .filter((call) => call.wire === cell.wire && call.operation === cell.operation && target.test(call.target)).length;
  const problems: string[] = [];
  if (cell.way.passes && cell.times === 1 && ended.status !== "Succeeded") problems.push("it did not ride it out");
  const share = shares.get(place.database);
  const left = async () => await remainsOf(cell, ended, place);
  const isHost = place.setting === "home";
  problems.push(...(await judge(cell, ended, place)), ...((await share?.faults()) ?? []));
  if (isHost) problems.push(...(await hosts.faults(place)), ...(await hosts.dismiss(place)));
  if ((await stateOf(place)) !== undefined) {
    const last = await run("offboard", place);
    if (last.status !== "Succeeded")
      problems.push(`the offboarding after it is ${last.status}: ${last.error?.message}`);
  }
  const opened = place.schema === undefined ? [] : await listOpened(sandbox.cloud, place.schema);
  const atEnd = [...(await left()), ...opened, ...((await share?.faults()) ?? []), ...(share?.surplus() ?? [])];
  problems.push(...atEnd.map((each) => `left at the end: ${each}`));
  if (isManaged(place)) await callManaged(sandbox.cloud, "DELETE", place.namespace);
  if (problems.length === 0) return { met, problem: undefined };
  if (isHost) hosts.abandon(place.database);
  const { status, error } = ended;
  const problem = `${titleOf(cell)} → ${status} ${error?.code ?? ""} ${error?.message ?? ""}\n  ${problems.join("\n  ")}`;
  return { met, problem };
}

/** What is left of it. Where Mooring may not list a kind, somebody may have such an object, and the namespace stays. */
async function remainsOf(
  { wire, way }: Cell,
  { steps }: Pick<Operation, "steps">,
  place: Place,
): Promise<readonly string[]> {
  const { namespace, database, schema } = place;
  const { cloud } = sandbox;
  const left = await listRemains(cloud, namespace, [database], schema === undefined ? [] : [schema], userOf(place));
  if (isManaged(place)) {
    const theirs = ["Namespace", "ResourceQuota defaultresourcequota", "NetworkPolicy defaultnetworkpolicy"];
    const managed = await managedOf(cloud, place);
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
  const { database, mode, roleKind, schema } = place;
  const targets = {
    databases: [database],
    roles: narrow(roleKind).roles,
    schemas: schema === undefined ? [] : [schema],
  };
  const profile = profileParts(place, "now");
  const faultsOf = async (now: Mode, more: Partial<Parameters<typeof listFaults>[1]> = {}) =>
    await listFaults(sandbox.cloud, {
      ...{ ...userOf(place), mode: now, ...targets, cosmosRole: reader, profile, ...more },
      ...(place.setting === "home" ? { isShared: true } : {}),
    });
  const state = await stateOf(place);
  const hasSucceeded = status === "Succeeded";
  if (kind === "offboard") return [];
  const aim = aimOf(mode);
  if (hasSucceeded) return faultsOf(kind === "migrate" ? aim : mode);
  const isLeft = error?.code === "COMPENSATION_FAILED" || error?.code === "CHANGE_INCOMPLETE";
  if (kind === "onboard") {
    if (isLeft) return [];
    const left = (await remainsOf(cell, { steps }, place)).map((each) => `left behind: ${each}`);
    return state === undefined ? left : [...left, `the namespace's record is ${state}`];
  }
  const expected = kind === "change" && isLeft ? "Incomplete" : "Onboarded";
  const problems = state === expected ? [] : [`the namespace's record is ${state}, not ${expected}`];
  if (isLeft || kind === "repair") return problems;
  if (kind === "change")
    return [...problems, ...(await faultsOf(mode, { ...rightsBefore(place), profile: profileParts(place, "before") }))];
  // One of the two modes must be complete.
  const [old, fresh] = [await faultsOf(mode, { beside: aim }), await faultsOf(aim, { beside: mode })];
  return old.length > 0 && fresh.length > 0 ? [...problems, ...old, ...fresh] : problems;
}

it(`ends correctly whatever fails (seed ${seed})`, async () => {
  const all = await findCells(chosen);
  if (chosen.length === courses.length) {
    // A lower bound, so that missing cells would show.
    expect(all.length).toBeGreaterThan(40_000);
    const wires = ["arm", "sql", "kubernetes", ...(schemas.length > 0 ? ["postgres"] : [])];
    expect(new Set(all.map(({ wire }) => wire))).toEqual(new Set(wires));
  }
  const cells = spread(dice.shuffle(all.filter(isWanted)))
    .filter((_, index) => index % parts === part - 1)
    .slice(0, sampleSize);

  const bad: string[] = [];
  const open = [...cells.entries()];
  const isAmong = ({ setting, ...cell }: Cell) => {
    if (isLogin({ setting, ...cell })) return "last";
    if (setting === "guest") return "guests";
    return cell.wire === "postgres" ? "onPostgres" : "beside";
  };
  const { last = [], guests = [], onPostgres = [], beside = [] } = Object.groupBy(open, ([, cell]) => isAmong(cell));
  let tried = 0;
  let ended = 0;
  const work = async (from: [number, Cell][], room: Room) => {
    for (;;) {
      const [index, cell] = from.shift() ?? [];
      if (index === undefined || !cell) return;
      tried += 1;
      const problem = await tryWhereMet(cell, `matrix-${index}`, room).catch((error: unknown) => {
        shares.get(room.database)?.abandon();
        hosts.abandon(room.database);
        return `${titleOf(cell)} → threw ${String(error)}`;
      });
      if (problem) bad.push(problem);
      // A soak reports its findings as it goes.
      ended += 1;
      if (isSoak && (problem || ended % 100 === 0)) console.log(problem ?? `${ended} of ${cells.length} cells`);
    }
  };
  await Promise.all([
    ...databases.map((database) => work(beside, { database })),
    ...shared.map((database) => work(guests, { database })),
    ...schemas.map((schema) => work(onPostgres, { database: `in-${schema}`, schema })),
  ]);
  for (const entry of last)
    await work([entry], { database: (entry[1].setting === "guest" ? shared : databases)[0] ?? "" });
  for (const share of shares.values()) bad.push(...(await share.end()));
  if (isSoak) console.log(`${cells.length} of ${all.length} cells, ${bad.length} bad`);

  expect(bad.join("\n")).toBe("");
  expect(tried).toBe(cells.length);
}, 7_200_000);
