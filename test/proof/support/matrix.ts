/** Every wire operation of an operation, with every way in which its call can fail. */

import type { Call, Effect, Fault, Wire } from "azure-sim/faults";
import { createDice } from "test-support/random";
import { names } from "../../../sandbox/cloud.ts";
import { identityBindingName } from "../../../src/domain/naming/names.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import { type AzureRoleKindName, azureRoleKindNames } from "../../../src/domain/targets/azureRoles.ts";
import { accountOf, roleTargetOf } from "./remains.ts";

export type Kind = "onboard" | "offboard" | "change" | "repair" | "migrate";
export type Mode = IdentityMode;
/**
 * Where a namespace is, and whose identity it has: its own, in AKS; its own, in a cluster outside Azure with Cilium's network policies; that
 * of a namespace over there, in AKS; its own, in AKS, which a namespace over there uses, too.
 */
export type Setting = "alone" | "outside" | "guest" | "home";

/** What runs once without faults, and then once for each of its cells. */
export interface Course {
  readonly kind: Kind;
  readonly mode: Mode;
  readonly setting: Setting;
}

/** Pod identity is AKS's alone, as are bindings, and no guest has it. */
const modesOf: Readonly<Record<Setting, readonly Mode[]>> = {
  alone: ["workloadIdentity", "podIdentity", "identityBinding"],
  outside: ["workloadIdentity"],
  guest: ["workloadIdentity", "identityBinding"],
  home: ["workloadIdentity"],
};

/** Outside Azure there is one mode. Without a guest, a home is like any other namespace, and with one it does not go. */
const kindsOf: Readonly<Record<Setting, readonly Kind[]>> = {
  alone: ["onboard", "change", "repair", "offboard", "migrate"],
  outside: ["onboard", "change", "repair", "offboard"],
  guest: ["onboard", "change", "repair", "offboard", "migrate"],
  home: ["change", "repair", "migrate"],
};

/** From workload identity, a namespace migrates to a binding; from any other mode, to workload identity. */
export function aimOf(mode: Mode): Mode {
  return mode === "workloadIdentity" ? "identityBinding" : "workloadIdentity";
}

export const courses: readonly Course[] = (Object.keys(modesOf) as Setting[]).flatMap((setting) =>
  modesOf[setting].flatMap((mode) => kindsOf[setting].map((kind) => ({ kind, mode, setting }))),
);

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const [ofGuests, ...ofOthers] = createDice(seed).shuffle(azureRoleKindNames);

/** The kind of target on which its namespaces get roles in Azure: each has its turn. Guests, whose home stays, have one. */
export function roleKindOf(course: Course): AzureRoleKindName {
  const index = courses.findIndex((each) => nameOf(each) === nameOf(course));
  return (course.setting === "guest" ? undefined : ofOthers[index % ofOthers.length]) ?? ofGuests ?? "storageBlob";
}

export interface Cell extends Course {
  readonly wire: Wire;
  readonly operation: string;
  readonly way: Way;
  /** How many calls pass first. */
  readonly skip: number;
  readonly times: number;
}

export interface Way {
  readonly name: string;
  readonly effect: Effect;
  /** Whether the fault is transient: the operation must survive it once, while other faults may end it. */
  readonly passes: boolean;
  /** The operations that meet it; every one without it. */
  readonly at?: RegExp;
}

const cuts: readonly Way[] = [
  { name: "cut before", effect: { kind: "cutBefore" }, passes: true },
  { name: "cut after", effect: { kind: "cutAfter" }, passes: true },
  { name: "garbage", effect: { kind: "garbage" }, passes: true },
  { name: "slow", effect: { kind: "delay", ms: 400 }, passes: true },
  { name: "no answer", effect: { kind: "hang" }, passes: true },
];

/** The answer is lost, and the write takes effect when an undo has looked for the first time. */
const late: Way = { name: "cut, and late", effect: { kind: "cutLate", ms: 1_200 }, passes: true };

function answers(code: string | number, status: number, passes = true): Way {
  return { name: `${status} ${code}`, effect: { kind: "error", code, status }, passes };
}

/** Too many requests: some services say how long to wait, others do not. */
function throttles(code: string): readonly Way[] {
  const { effect, ...way } = answers(code, 429);
  if (effect.kind !== "error") throw new Error("an answer is an error");
  return [
    { ...way, effect: { ...effect, retryAfterSeconds: 1 }, name: `${way.name}, Retry-After: 1` },
    { ...way, effect, name: `${way.name}, no Retry-After` },
  ];
}

function refuses(number: number, passes: boolean, message?: string): Way {
  const text = message === undefined ? {} : { message };
  return { name: `SQL error ${number}`, effect: { kind: "error", code: number, ...text }, passes };
}

/** What admission and storage of a cluster answer, in the words of a real API server. */
const ofCluster: readonly Way[] = [
  said("etcd without a leader", 500, { message: "etcdserver: no leader", passes: true }),
  said("a webhook that answers late", 500, {
    message:
      'Internal error occurred: failed calling webhook "late.example.com": failed to call webhook: Post "https://late.example.svc:443/?timeout=10s": context deadline exceeded',
    passes: true,
    at: /^(DRY-RUN )?(PATCH|DELETE) /,
  }),
  said("an admission policy", 422, {
    message: `it is forbidden: ValidatingAdmissionPolicy 'house' with binding 'house' denied request: not here`,
    at: /^(DRY-RUN )?(PATCH|DELETE) /,
  }),
  said("a quota", 403, {
    message: "it is forbidden: exceeded quota: none, requested: count/all=1, used: count/all=0, limited: count/all=0",
    at: /^(DRY-RUN )?PATCH /,
  }),
];

function said(
  name: string,
  status: number,
  { message, passes = false, at }: { message: string; passes?: boolean; at?: RegExp },
): Way {
  return { name, effect: { kind: "error", code: status, message }, passes, ...(at ? { at } : {}) };
}

function refusesState(state: string, passes: boolean): Way {
  return { name: `SQLSTATE ${state}`, effect: { kind: "error", code: state }, passes };
}

/** Of the data behind a target, which a verification Job reads: nothing is tried a second time. */
function answersOfData(refused: Way): readonly Way[] {
  return [
    ...cuts,
    ...throttles("TooManyRequests"),
    answers("InternalServerError", 500),
    answers("ServerBusy", 503),
    answers("Unauthorized", 401),
    refused,
  ];
}

export const ways: Readonly<Record<Wire, readonly Way[]>> = {
  arm: [
    ...cuts,
    late,
    ...throttles("TooManyRequests"),
    answers("InternalServerError", 500),
    answers("ServiceUnavailable", 503),
    answers("RequestTimeout", 408),
    answers("Conflict", 409),
    answers("InvalidAuthenticationToken", 401),
    answers("AuthorizationFailed", 403, false),
    answers("RequestDisallowedByPolicy", 403, false),
    answers("BadRequest", 400, false),
  ],
  kubernetes: [
    ...cuts,
    late,
    ...throttles("TooManyRequests"),
    answers("InternalError", 500),
    answers("ServiceUnavailable", 503),
    answers("Timeout", 504),
    answers("Unauthorized", 401),
    answers("Forbidden", 403, false),
    answers("Invalid", 422, false),
    ...ofCluster,
  ],
  sql: [
    ...cuts,
    refuses(1205, true),
    refuses(40501, true, "The service is currently busy. Retry the request after 1 seconds."),
    refuses(40613, true),
    refuses(40197, true),
    // The resource limits of a database, its equivalent of 429: 40501 says how long to wait, the others do not.
    refuses(10928, true),
    refuses(10929, true),
    refuses(49918, true),
    refuses(18456, true),
    refuses(229, false),
    refuses(15247, false),
    refuses(33134, false),
    refuses(15151, false),
  ],
  postgres: [
    ...cuts,
    refusesState("40001", true),
    refusesState("40P01", true),
    refusesState("53300", true),
    refusesState("57P01", true),
    refusesState("57P03", true),
    refusesState("28000", true),
    refusesState("42501", false),
    refusesState("42704", true),
    refusesState("2BP01", false),
  ],
  serviceBus: [
    ...cuts.filter(({ name }) => name !== "no answer"),
    { name: "server busy", effect: { kind: "error", code: "com.microsoft:server-busy" }, passes: true },
    { name: "unauthorized", effect: { kind: "error", code: "amqp:unauthorized-access", status: 401 }, passes: false },
  ],
  entra: [
    ...cuts,
    ...throttles("slow_down"),
    answers("invalid_request", 400),
    answers("invalid_client", 401),
    answers("server_error", 500),
    answers("temporarily_unavailable", 503),
  ],
  // test/sandbox/resumeOperation.test.ts
  durable: [],
  // dataFaults.test.ts
  storage: answersOfData(answers("AuthorizationPermissionMismatch", 403, false)),
  keyVault: answersOfData(answers("Forbidden", 403, false)),
  cosmos: answersOfData(answers("Forbidden", 403, false)),
  appConfiguration: answersOfData(answers("Forbidden", 403, false)),
  openAi: answersOfData(answers("PermissionDenied", 401, false)),
  // No verification reads from a hub.
  eventHubs: [],
  nodeIdentity: [],
  tables: [
    ...cuts,
    answers("InternalError", 500),
    answers("ServerBusy", 503),
    ...throttles("TooManyRequests"),
    answers("OperationTimedOut", 500),
    // A revoked permission is restored from outside, not by retries.
    answers("AuthorizationPermissionMismatch", 403),
  ],
};

interface Where {
  readonly namespace: string;
  /** The namespace whose identity it uses, if that is not its own. */
  readonly home?: string | undefined;
  readonly database: string;
  readonly roleKind: AzureRoleKindName;
  /** The PostgreSQL server that nobody else uses at the time, if it uses one. */
  readonly schema?: string | undefined;
}

/** Whether the call concerns one namespace, whose name, identity, database, container or server is in its target. */
export function isAbout(call: Call, { namespace, home, database, roleKind, schema }: Where): boolean {
  if (call.wire === "postgres") return call.target.startsWith(`${schema}/`);
  if (call.wire === "sql") return call.target.endsWith(`/${database}`);
  const places = [roleTargetOf(roleKind, database), accountOf(database)].map((each) => `/${each}/`);
  return (
    [namespace, home].some((each) => each !== undefined && call.target.includes(each)) ||
    call.target.endsWith(bindingOf(namespace)) ||
    places.some((each) => `/${call.target}/`.includes(each))
  );
}

function bindingOf(namespace: string): string {
  return `/${identityBindingName({ cluster: names.cluster, namespace })}`;
}

export function targetOf(wire: Wire, { namespace, home, database, roleKind, schema }: Where): RegExp {
  if (wire === "postgres") return new RegExp(`^${schema}/`);
  if (wire === "sql") return new RegExp(`/${database}$`);
  const places = `(^|/)(${roleTargetOf(roleKind, database)}|${accountOf(database)})(/|$)`;
  const name = home === undefined ? namespace : `(${namespace}|${home})`;
  return new RegExp(`(^|[/-])${name}([/-]|$)|${places}|${bindingOf(namespace)}$`);
}

/**
 * MOORING_WAYS selects only ways whose names it matches: `429|40501`; MOORING_CALLS only such operations: `databaseAccounts`;
 * MOORING_COURSES only what runs so: `guest`, `^migrate`.
 */
const wanted = new RegExp(process.env["MOORING_WAYS"] ?? "");
const wantedCalls = new RegExp(process.env["MOORING_CALLS"] ?? "");
const wantedCourses = new RegExp(process.env["MOORING_COURSES"] ?? "");

export function isWanted({ way, operation }: Cell): boolean {
  return wanted.test(way.name) && wantedCalls.test(operation);
}

export function isWantedCourse(course: Course): boolean {
  return wantedCourses.test(nameOf(course));
}

/** Each operation of the journal × each way × first, second, last and every call. */
export function cellsOf(journal: readonly Call[], course: Course): readonly Cell[] {
  const counts = new Map<string, { wire: Wire; operation: string; count: number }>();
  for (const { wire, operation } of journal) {
    const key = `${wire} ${operation}`;
    const known = counts.get(key) ?? { wire, operation, count: 0 };
    counts.set(key, { ...known, count: known.count + 1 });
  }
  return [...counts.values()].flatMap(({ wire, operation, count }) => {
    // How often a pool logs in depends on what happens to overlap, and every verification looks at every PostgreSQL server, those of the
    // namespaces beside this one, too. Once is certain.
    const certain = operation === "LOGIN" || operation.startsWith("mooring: inspect ") ? 1 : count;
    const skips = [...new Set([0, 1, certain - 1])].filter((skip) => skip >= 0 && skip < certain);
    const met = ways[wire].filter(({ at }) => at === undefined || at.test(operation));
    return met.flatMap((way) => [
      ...skips.map((skip) => ({ ...course, wire, operation, way, skip, times: 1 })),
      ...(way.name === "slow" || way.name === "no answer"
        ? []
        : [{ ...course, wire, operation, way, skip: 0, times: Number.POSITIVE_INFINITY }]),
    ]);
  });
}

/** In an order in which every way of every call has had a cell before one has its second. */
export function spread(cells: readonly Cell[]): readonly Cell[] {
  const seen = new Map<string, number>();
  const ranked = cells.map((cell) => {
    const key = `${cell.setting} ${cell.wire} ${cell.operation} ${cell.way.name}`;
    const rank = seen.get(key) ?? 0;
    seen.set(key, rank + 1);
    return { cell, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ cell }) => cell);
}

export function nameOf({ kind, mode, setting }: Course): string {
  return [kind, mode, ...(setting === "alone" ? [] : [setting])].join(" ");
}

export function titleOf({ wire, operation, way, skip, times, ...course }: Cell): string {
  const when = times === 1 ? `call ${skip + 1}` : "every call";
  return `${nameOf(course)}: ${way.name} at ${when} of ${wire} ${operation}`;
}

export function faultOf({ wire, operation, way, skip, times }: Cell, target: RegExp | undefined): Fault {
  return { wire, operation, ...(target ? { target } : {}), skip, times, effect: way.effect };
}
