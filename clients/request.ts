/**
 * What both clients know of a request: each field and each kind of target once. The tables are total over the request's schema:
 * a field or a kind that is missing here does not compile. What a newer service has beside them is kept as it is, and shown.
 */
import { defined } from "../src/domain/defined.ts";
import type { Difference } from "../src/domain/operation/plan.ts";
import { defaultMode } from "../src/domain/request/modes.ts";
import type { OnboardingRequest } from "../src/domain/request/request.ts";
import { podsNamedBy } from "./modes.ts";

type Field = keyof OnboardingRequest;
type ItemOf<F extends Field> = NonNullable<OnboardingRequest[F]> extends readonly (infer Item)[] ? Item : never;
/** Fields that list targets, and all others. */
type TargetField = { [F in Field]-?: [ItemOf<F>] extends [never] ? never : F }[Field];
export type PlainField = Exclude<Field, TargetField>;

/** A request as a client has it: written by a person, or answered by a service that may be newer. */
export type Sent = object;

interface Plain {
  readonly title: string;
  /** The flag of the command line; the namespace is an operand. */
  readonly flag?: string;
}

const plainFields: { readonly [F in PlainField]-?: Plain } = {
  cluster: { title: "Cluster" },
  namespace: { title: "Namespace" },
  team: { title: "Team", flag: "--team" },
  identityMode: { title: "Identity mode", flag: "--identity-mode" },
  serviceAccount: { title: "Service account", flag: "--service-account" },
  selector: { title: "Selector", flag: "--selector" },
  namespaceProfile: { title: "Profile", flag: "--profile" },
  sharedIdentity: { title: "Shared identity", flag: "--shared-identity" },
  adoptionPolicy: { title: "Existing objects that are not Mooring's", flag: "--adoption-policy" },
  deletePolicy: { title: "Namespace after offboarding", flag: "--delete-policy" },
  expiresAt: { title: "Access ends", flag: "--expires-at" },
  expiresAfter: { title: "Access ends after", flag: "--expires-after" },
};

/** What the dashboard says of each policy; the command line takes these. */
export const adoptionPolicies: { readonly [P in OnboardingRequest["adoptionPolicy"]]: string } = {
  Never: "block the request",
  IfIdentical: "taken over if identical",
  Always: "taken over",
};

export const deletePolicies: { readonly [P in OnboardingRequest["deletePolicy"]]: string } = {
  Keep: "kept",
  Delete: "removed if Mooring created it",
};

interface TargetKind<Item> {
  /** In the singular, for people. */
  readonly noun: string;
  /** The flag of the command line; a kind without one can only be sent from a file. */
  readonly flag?: string;
  keyOf(item: Readonly<Item>): string;
  accessOf(item: Readonly<Item>): readonly string[];
  /** When access there ends, or after how long. */
  endOf(item: Readonly<Item>): string | undefined;
  /** The target of that key; undefined if it is no key of this kind. */
  read(key: string, access: readonly string[]): object | undefined;
}

const targetKinds: { readonly [F in TargetField]-?: TargetKind<ItemOf<F>> } = {
  databases: {
    noun: "database",
    flag: "--database",
    keyOf: ({ server, database }) => `${server}/${database}`,
    accessOf: ({ roles }) => roles,
    endOf: ({ expiresAt, expiresAfter }) => expiresAt ?? expiresAfter,
    read(key, roles) {
      const [, server, database] = /^([^/]+)\/(.+)$/.exec(key) ?? [];
      return server === undefined ? undefined : { server, database, roles };
    },
  },
  targets: {
    noun: "target",
    flag: "--target",
    keyOf: ({ target }) => target,
    accessOf: ({ access }) => access,
    endOf: ({ expiresAt, expiresAfter }) => expiresAt ?? expiresAfter,
    read: (target, access) => ({ target, access }),
  },
};

/** A kind for values whose type is known only from their field. */
type AnyKind = TargetKind<unknown>;

function kindOf(field: string): AnyKind | undefined {
  return Object.hasOwn(targetKinds, field) ? (targetKinds[field as TargetField] as AnyKind) : undefined;
}

/** For people. */
export function titleOf(field: PlainField): string {
  return plainFields[field].title;
}

function plainOf(field: string): Plain | undefined {
  return Object.hasOwn(plainFields, field) ? plainFields[field as PlainField] : undefined;
}

export interface Target {
  readonly noun: string;
  readonly key: string;
  readonly access: readonly string[];
  /** When it ends, or after how long. */
  readonly end?: string;
}

interface Parts {
  readonly plain: readonly (readonly [field: string, value: string])[];
  readonly targets: readonly (readonly [field: string, targets: readonly Target[]])[];
  /** What these tables do not know. */
  readonly others: readonly (readonly [field: string, value: unknown])[];
}

/** A value that its table cannot print whole counts as unknown: so nothing is dropped. */
function partsOf(request: Sent): Parts {
  const plain: [string, string][] = [];
  const targets: [string, readonly Target[]][] = [];
  const others: [string, unknown][] = [];
  for (const [field, value] of Object.entries(request)) {
    const own = targetsIn(field, value);
    if (value === undefined) continue;
    if (plainOf(field) && typeof value === "string") plain.push([field, value]);
    else if (own) targets.push([field, own]);
    else others.push([field, value]);
  }
  return { plain, targets, others };
}

function targetsIn(field: string, value: unknown): readonly Target[] | undefined {
  const kind = kindOf(field);
  if (!kind || !Array.isArray(value)) return undefined;
  try {
    const targets = value.map((item): Target => {
      const [key, access, end] = [kind.keyOf(item), kind.accessOf(item), kind.endOf(item)];
      return { noun: kind.noun, key, access: [...access], ...defined({ end }) };
    });
    return sameJson(readTargets(field as TargetField, printTargets(targets)), value) ? targets : undefined;
  } catch {
    return undefined;
  }
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const inOrder = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(inOrder.map(([name, each]) => [name, sorted(each)]));
}

/** Every target of the request, of every kind. */
export function targetsOf(request: Sent): readonly Target[] {
  return partsOf(request).targets.flatMap(([, targets]) => targets);
}

/** What a request changes on one target. */
export interface Grant extends Target {
  readonly how: "gets" | "keeps" | "loses";
}

/** Target by target, beside the request that it replaces: what it gives, then what it takes away, then what stays. */
export function grantsOf(request: Sent, replaces: Sent = {}): readonly Grant[] {
  const [before, after] = [targetsOf(replaces), targetsOf(request)];
  const wordsOn = (targets: readonly Target[], { key }: Target) =>
    new Set(targets.find((each) => each.key === key)?.access ?? []);
  const parts = (targets: readonly Target[], how: Grant["how"], isMeant: (word: string, of: Target) => boolean) =>
    targets
      .map((each): Grant => ({ ...each, how, access: each.access.filter((word) => isMeant(word, each)) }))
      .filter(({ access }) => access.length > 0);
  return [
    ...parts(after, "gets", (word, of) => !wordsOn(before, of).has(word)),
    ...parts(before, "loses", (word, of) => !wordsOn(after, of).has(word)),
    ...parts(after, "keeps", (word, of) => wordsOn(before, of).has(word)),
  ];
}

export interface Setting {
  readonly field: PlainField;
  readonly title: string;
  readonly value: string;
}

/** Everything else that these tables know, in their order; of account and selector, the one that matters in its mode. */
export function settingsOf(request: Sent): readonly Setting[] {
  const { plain } = partsOf(request);
  const values = new Map<string, string>(plain);
  const named = podsNamedBy(values.get("identityMode") ?? defaultMode);
  if (named) {
    // Whoever names no selector gets the namespace's name.
    const name = values.get(named.field) ?? values.get("namespace");
    values.delete(named.other);
    if (name !== undefined) values.set(named.field, name);
  }
  return (Object.keys(plainFields) as PlainField[]).flatMap((field) => {
    const value = values.get(field);
    return value === undefined ? [] : [{ field, title: titleOf(field), value }];
  });
}

/** What these tables do not know. */
export function othersOf(request: Sent): readonly (readonly [field: string, json: string])[] {
  return partsOf(request).others.map(([field, value]) => [field, JSON.stringify(value)] as const);
}

/** Whatever differs between two requests; the order of targets and of what they give does not count. */
export function differencesOf(before: Sent, after: Sent): readonly Difference[] {
  const [old, fresh] = [flatten(before), flatten(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((field) => {
    const [current, desired] = [old.get(field) ?? null, fresh.get(field) ?? null];
    return current === desired ? [] : [{ field, current, desired }];
  });
}

function flatten(request: Sent): ReadonlyMap<string, string> {
  const { plain, targets, others } = partsOf(request);
  return new Map([
    ...plain,
    ...targets
      .flatMap(([, each]) => each)
      .map(({ noun, key, access, end }) => [`${noun} ${key}`, withEnd(access.toSorted().join(", "), end)] as const),
    ...others.map(([field, value]) => [field, JSON.stringify(sorted(value))] as const),
  ]);
}

/** Where a request keeps what has no parameter of its own. */
const rest = "more";

/** As parameters of an address; `readParameters` reads exactly this request again. */
export function toParameters(request: Sent): Record<string, string> {
  const { plain, targets, others } = partsOf(request);
  return {
    ...Object.fromEntries(plain),
    ...Object.fromEntries(
      targets.filter(([, each]) => each.length > 0).map(([field, each]) => [field, printTargets(each)]),
    ),
    ...(others.length > 0 ? { [rest]: JSON.stringify(Object.fromEntries(others)) } : {}),
  };
}

/** `sql-dev/messages=reader+writer,sql-dev/orders=reader~P30D` */
export function printTargets(targets: readonly Omit<Target, "noun">[]): string {
  return targets.map(({ key, access, end }) => `${key}=${withEnd(access.join("+"), end)}`).join(",");
}

/** `reader~2027-01-31T00:00:00Z`, or `reader~P30D`. */
export function withEnd(access: string, end: string | undefined): string {
  return end === undefined ? access : `${access}~${end}`;
}

/** What `printTargets` prints. */
export function splitTargets(text: string): readonly Omit<Target, "noun">[] {
  return text.split(",").flatMap((each) => {
    const [, key, access = "", end] = /^([^=]+)(?:=([^~]*)(?:~(.+))?)?$/.exec(each) ?? [];
    if (key === undefined) return [];
    return [{ key, access: access.split(/[+ ]/).filter(Boolean), ...defined({ end }) }];
  });
}

export function readTargets(field: TargetField, text: string): readonly object[] {
  return splitTargets(text).flatMap(({ key, access, end }) => {
    const target = kindOf(field)?.read(key, access);
    return target ? { ...target, ...expiryOf(end) } : [];
  });
}

/** The field that says it: a duration begins with P. */
export function expiryOf(end: string | undefined): { readonly expiresAt?: string; readonly expiresAfter?: string } {
  if (end === undefined) return {};
  return end.startsWith("P") ? { expiresAfter: end } : { expiresAt: end };
}

/** Undefined while a required field is missing. */
export function readParameters(get: (name: string) => string | null): Sent | undefined {
  const others = readRest(get(rest));
  const plain = Object.keys(plainFields).flatMap((field) => {
    const value = get(field);
    return value === null || value === "" ? [] : [[field, value] as const];
  });
  const targets = (Object.keys(targetKinds) as TargetField[]).map(
    (field) => [field, readTargets(field, get(field) ?? "").filter((each) => isGiving(field, each))] as const,
  );
  // Services of release 0.1.0 require databases, even none; of other kinds, an empty list is no way to ask for nothing.
  const listed = targets.filter(([field, each]) => field === "databases" || each.length > 0);
  const request = { ...Object.fromEntries(plain), ...Object.fromEntries(listed), ...others };
  const isNamed = ["cluster", "namespace"].every((field) => plain.some(([name]) => name === field));
  const isAsking = targets.some(([, each]) => each.length > 0) || Object.keys(others).length > 0;
  return isNamed && isAsking ? request : undefined;
}

/** A target from which everything has been deselected is not asked for. */
function isGiving(field: TargetField, item: object): boolean {
  return (kindOf(field)?.accessOf(item) ?? []).length > 0;
}

function readRest(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The arguments of `mooring onboard`; undefined for a request that has more than flags can say. */
export function flagsOf(request: Sent): readonly (readonly [flag: string, value: string])[] | undefined {
  const { plain, targets, others } = partsOf(request);
  const isInFlags = targets.every(([field, each]) => each.length === 0 || kindOf(field)?.flag !== undefined);
  if (others.length > 0 || !isInFlags) return undefined;
  return [
    ...targets.flatMap(([field, each]) =>
      each.map(
        ({ key, access, end }) => [kindOf(field)?.flag ?? field, `${key}=${withEnd(access.join(","), end)}`] as const,
      ),
    ),
    ...plain.flatMap(([field, value]) => {
      const { flag } = plainOf(field) ?? {};
      return flag === undefined ? [] : [[flag, value] as const];
    }),
  ];
}

/** When access ends, for people: of everything, then of the targets that end by themselves; and where that moves, when it ended before. */
export function endsIn(request: Sent, replaces: Sent = request): readonly string[] {
  const [ends, before] = [endsOf(request), endsOf(replaces)];
  return [...ends].flatMap(([key, end]) => {
    const was = before.has(key) ? before.get(key) : end;
    if (end === undefined && was === undefined) return [];
    const moved = was === end ? "" : `, no longer ${was ?? before.get("") ?? "without end"}`;
    return [`${key === "" ? "" : `${key} `}${end ?? "never"}${moved}`];
  });
}

/** Whether only the end of access would be another. */
export function movesEnd(request: Sent, replaces: Sent | undefined): boolean {
  return replaces !== undefined && endsIn(request).join() !== endsIn(replaces).join();
}

/** By the key of the target; of everything by "". */
function endsOf(request: Sent): ReadonlyMap<string, string | undefined> {
  const { expiresAt, expiresAfter } = Object.fromEntries(partsOf(request).plain);
  const whole = expiresAt ?? (expiresAfter && `after ${expiresAfter}`);
  return new Map([["", whole], ...targetsOf(request).map(({ key, end }) => [key, end] as const)]);
}

export interface Renewal {
  /** A time, or a duration that begins with the acceptance of the request. */
  readonly end: string;
  /** Of these targets alone; without any, of everything, where a target may still end earlier by itself. */
  readonly keys: readonly string[];
}

/** The same request with another end; undefined if it has not all of the targets. */
export function renewed(request: Sent, { end, keys }: Renewal): Sent | undefined {
  if (keys.length === 0) return ending(request, end);
  const known = targetsOf(request).map(({ key }) => key);
  if (!keys.every((key) => known.includes(key))) return undefined;
  const fields = Object.entries(request).map(([field, value]) => {
    const kind = kindOf(field);
    if (!kind || !Array.isArray(value)) return [field, value] as const;
    return [field, value.map((item) => (keys.includes(kind.keyOf(item)) ? ending(item, end) : item))] as const;
  });
  return Object.fromEntries(fields);
}

function ending(of: Sent, end: string): Sent {
  const kept = Object.entries(of).filter(([field]) => field !== "expiresAt" && field !== "expiresAfter");
  return { ...Object.fromEntries(kept), ...expiryOf(end) };
}
