/**
 * A target that the catalog names and that is no SQL database: a container, a queue, a vault. Requests say what they want there in
 * the words of access.ts; the catalog says of which kind it is, where it is, and which of these words a request may use.
 */
import { z } from "zod";
import { canonicalJson } from "../canonicalJson.ts";
import { defined } from "../defined.ts";
import { type PermanentCode, PermanentError } from "../errors.ts";
import { checkExpiry, expiryFields, expiryOf } from "../expiry.ts";
import { isUnique } from "../isUnique.ts";
import { insteadOf, lookUp } from "../lookUp.ts";
import { alias } from "../naming/alias.ts";
import type { IdentityUser } from "../naming/names.ts";
import { isSameId } from "../naming/resourceId.ts";
import { Access, withIncluded } from "./access.ts";
import {
  AzureRoleEntry,
  type AzureRoleKindName,
  AzureRolePlace,
  azureConnection,
  azureRoleKinds,
  isAzureRolePlace,
  rolesFor,
  scopeOf,
} from "./azureRoles.ts";
import { type ConnectionPart, holdsAddress } from "./connection.ts";
import { CosmosEntry, CosmosPlace, cosmosConnection, cosmosPorts } from "./cosmos.ts";
import { PostgresEntry, PostgresPlace, postgresConnection } from "./postgres.ts";
import { type Destination, destinationOf, onePort } from "./reach.ts";
import type { DanglingName, Refused, Remembered, WantedThere } from "./target.ts";

// ——— What a team sends ———

export const TargetRequest = z
  .strictObject({
    target: alias("a target").meta({ description: "Alias of the target in the catalog." }),
    access: z.array(Access).min(1).refine(isUnique, "must not repeat a word").meta({
      description: "What the namespace may do there; the catalog says which of these words the target knows.",
    }),
    ...expiryFields,
  })
  .superRefine(checkExpiry);
export type TargetRequest = z.infer<typeof TargetRequest>;

/** Absent where there is none: a default would stand in requests that were recorded before 0.2.0. */
export const requestField = z
  .array(TargetRequest)
  .min(1, "must name a target, or be left out")
  .max(50, "must name at most 50 targets")
  .refine((list) => isUnique(list.map(keyOf)), "must not name a target twice")
  .exactOptional()
  .meta({ description: "Targets other than databases. Since 0.2.0." });

interface Request {
  targets?: TargetRequest[];
}

export function keyOf({ target }: Pick<TargetRequest, "target">): string {
  return target;
}

/** The target in the request that is a step's target. */
export function findTargetOf({ targets = [] }: Readonly<Request>, key: string): TargetRequest {
  const found = targets.find((each) => keyOf(each) === key);
  if (!found) throw new Error(`no target of the request is ${key}`);
  return found;
}

// ——— What the operator's catalog says ———

/** One schema for each kind. */
const TargetEntry = z.discriminatedUnion("kind", [AzureRoleEntry, PostgresEntry, CosmosEntry]);
export type TargetEntry = z.infer<typeof TargetEntry>;
/** Where a target is: what a record remembers of it. */
const PlaceOfTarget = z.discriminatedUnion("kind", [AzureRolePlace, PostgresPlace, CosmosPlace]);
export type PlaceOfTarget = z.infer<typeof PlaceOfTarget>;

/** The section `targets`, by alias. */
export const catalogSection = (names: z.ZodString) =>
  z
    .record(names, TargetEntry)
    .superRefine((targets, context) => {
      for (const [first, second] of sharedPlaces(targets)) {
        const message = `is the same place as "${first}": what one gives, the other would take away; keep one alias, and let team rights differ`;
        context.addIssue({ code: "custom", path: [second], message });
      }
    })
    .default({})
    .meta({ description: "Targets other than SQL databases, by alias. Since 0.2.0." });

interface Catalog {
  readonly targets: Readonly<Record<string, TargetEntry>>;
}

export function placeOf({
  access: _access,
  environment: _environment,
  network: _network,
  ...place
}: TargetEntry): PlaceOfTarget {
  return place;
}

/** Pairs of aliases for one place. */
function sharedPlaces(targets: Readonly<Record<string, TargetEntry>>): readonly (readonly [string, string])[] {
  const known = new Map<string, string>();
  return Object.entries(targets).flatMap(([name, entry]) => {
    const place = whichPlace(entry);
    const first = known.get(place);
    known.set(place, first ?? name);
    return first === undefined ? [] : [[first, name] as const];
  });
}

type AnyPlace = RememberedPlaces[string][number];

export function isSamePlace(a: AnyPlace, b: AnyPlace): boolean {
  return whichPlace(a) === whichPlace(b);
}

/** Where names that differ only by case are two. Those of other kinds are parts of a resource ID. */
const caseSensitive: { readonly [Kind in Exclude<PlaceOfTarget["kind"], AzureRoleKindName>]: readonly string[] } = {
  cosmosNoSql: ["database", "container"],
  postgresql: ["database", "schema"],
};

/** Fields that do not tell which place it is, but how it is reached and what is asked there. */
const otherFields: ReadonlySet<string> = new Set([
  ...["endpoint", "host", "port", "login"],
  ...["environment", "network", "access"],
]);

/** The same text for what Azure takes for one place. */
function whichPlace(place: AnyPlace): string {
  return canonicalJson(Object.fromEntries(fieldsOf(place)));
}

function fieldsOf(place: AnyPlace): ReadonlyMap<string, unknown> {
  const exact = lookUp<readonly string[]>(caseSensitive, place.kind) ?? [];
  const fields = Object.entries(place).filter(([field, value]) => !otherFields.has(field) && value !== undefined);
  return new Map(
    fields.map(([field, value]) => [
      field,
      typeof value === "string" && !exact.includes(field) ? value.toLowerCase() : value,
    ]),
  );
}

/** Whether access to the first gives the second, too: an account and a container of it. */
export function includesPlace(wider: TargetEntry, narrower: TargetEntry): boolean {
  const [around, inside] = [fieldsOf(wider), fieldsOf(narrower)];
  return around.size < inside.size && [...around].every(([field, value]) => inside.get(field) === value);
}

/** What an application of the namespace needs to connect to the target. */
export function connectionTo(place: PlaceOfTarget, user: IdentityUser): readonly ConnectionPart[] {
  switch (place.kind) {
    case "postgresql":
      return postgresConnection(place, user);
    case "cosmosNoSql":
      return cosmosConnection(place);
    default:
      return azureConnection(place);
  }
}

/** Where the target is reached, whichever namespace asks: its name is in no address. */
export function addressesAt(place: PlaceOfTarget): readonly string[] {
  const parts = connectionTo(place, { cluster: "", namespace: "" });
  return parts.filter(holdsAddress).map(({ value }) => value);
}

/** The target, if the catalog allows the access there. The error does not reveal what else the catalog has. */
export function findTarget(catalog: Catalog, wanted: TargetRequest): TargetEntry {
  const [refused] = refusedBy(catalog, { key: keyOf(wanted), access: wanted.access });
  if (refused) throw new PermanentError(refused.code, refused.detail);
  const found = lookUp(catalog.targets, wanted.target);
  if (!found) throw new Error(`${wanted.target} was found and is not there`);
  return found;
}

function refusedBy(
  { targets }: Catalog,
  { key: target, access }: Pick<WantedThere, "key" | "access">,
): readonly (Refused & { readonly code: PermanentCode })[] {
  const found = lookUp(targets, target);
  if (!found) {
    const detail = `The catalog has no target "${target}".`;
    return [
      { field: "target", code: "UNKNOWN_TARGET", detail, full: insteadOf(detail, "it has", Object.keys(targets)) },
    ];
  }
  const allowed: readonly string[] = found.access;
  const refused = access.filter((word) => !allowed.includes(word));
  if (refused.length === 0) return [];
  const detail = `The catalog does not allow ${refused.join(", ")} on ${target}.`;
  return [{ field: "access", code: "ACCESS_NOT_ALLOWED", detail, full: insteadOf(detail, "it allows", found.access) }];
}

/** Whether a request asks for the access that this role in Azure gives. */
export function isAskedFor(
  { targets: listed }: Catalog,
  { targets = [] }: Readonly<Request>,
  { scope, roleDefinitionId }: { readonly scope: string; readonly roleDefinitionId: string },
): boolean {
  return targets.some(({ target, access }) => {
    const entry = lookUp(listed, target);
    if (!entry || !isAzureRolePlace(entry)) return false;
    if (!isSameId(scopeOf(entry), scope)) return false;
    return rolesFor(entry.kind, access).some(({ id }) => roleDefinitionId.toLowerCase().endsWith(`/${id}`));
  });
}

// ——— What a record remembers ———

/** Of any kind, of any release. */
export const RememberedPlaces = z.record(z.string(), z.array(z.looseObject({ kind: z.string() })).readonly());
export type RememberedPlaces = z.infer<typeof RememberedPlaces>;

/**
 * Every place where the namespace may have the target, the newest first: the catalog may have dropped the alias since, or moved it.
 * Without what it allows: revoking needs no permission.
 */
export function rememberTargets(
  { targets: listed }: Catalog,
  { targets = [] }: Readonly<Request>,
  known: RememberedPlaces = {},
): RememberedPlaces {
  const entries = targets.flatMap(({ target }) => {
    const entry = lookUp(listed, target);
    if (!entry) return [];
    const place = placeOf(entry);
    const others = (lookUp(known, target) ?? []).filter((each) => !isSamePlace(each, place));
    return [[target, [place, ...others]] as const];
  });
  return { ...known, ...Object.fromEntries(entries) };
}

/** The same for two records of what is remembered. */
export function joinPlaces(known: RememberedPlaces = {}, newer: RememberedPlaces = {}): RememberedPlaces {
  const joined = Object.entries(newer).map(([target, places]) => {
    const others = (lookUp(known, target) ?? []).filter((each) => !places.some((place) => isSamePlace(place, each)));
    return [target, [...places, ...others]] as const;
  });
  return { ...known, ...Object.fromEntries(joined) };
}

/** Of what is known, what the newer has elsewhere. */
export function placesLeft(known: RememberedPlaces = {}, newer: RememberedPlaces = {}): RememberedPlaces {
  const left = Object.entries(known).filter(([target, [place]]) => {
    const [next] = lookUp(newer, target) ?? [];
    return place !== undefined && next !== undefined && !isSamePlace(place, next);
  });
  return Object.fromEntries(left);
}

/** The request's targets that the namespace may also have where the catalog had them before. */
export function placedBefore({ targets = [] }: Readonly<Request>, known: RememberedPlaces = {}): readonly string[] {
  return targets.map(keyOf).filter((target) => (lookUp(known, target) ?? []).filter(readPlace).length > 1);
}

/** Undefined for a place that this release does not know how to reach. */
export function readPlace(remembered: RememberedPlaces[string][number]): PlaceOfTarget | undefined {
  return PlaceOfTarget.safeParse(remembered).data;
}

// ——— What a team may ask for, and what needs approval ———

export const rightsField = z.record(z.string(), z.array(Access).min(1)).default({}).meta({
  description: "Per target alias, the access that the team may ask for. Since 0.2.0.",
});

interface Rights {
  readonly targets: z.infer<typeof rightsField>;
}

const ruledAccess = "Access to targets, and whatever includes it: `write` also means `own`";

export const ruleFields = {
  targets: z.array(z.string()).min(1).optional().meta({ description: "Aliases of targets. Since 0.2.0." }),
  access: z
    .array(Access)
    .min(1)
    .optional()
    .meta({ description: `${ruledAccess}. Since 0.2.0.` }),
};
export const policyFields = {
  targets: z.array(z.string()).default([]).meta({ description: "Targets that need approval, by alias. Since 0.2.0." }),
  access: z
    .array(Access)
    .default(["own"])
    .meta({ description: `${ruledAccess}, which needs approval anywhere. Since 0.2.0.` }),
};

interface Rule {
  readonly targets?: readonly string[] | undefined;
  readonly access?: readonly Access[] | undefined;
}

interface Policy {
  readonly targets: string[];
  readonly access: Access[];
}

function dangling(names: readonly string[], { targets }: Catalog): readonly DanglingName[] {
  return names.flatMap((name, index) =>
    Object.hasOwn(targets, name) ? [] : [{ path: ["targets", index], message: `the catalog has no target "${name}"` }],
  );
}

// ——— What every kind has ———

/** What GET /catalog says about targets. */
export const publishedFields = {
  targets: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      environment: z.string().exactOptional(),
      access: z.array(Access),
    }),
  ),
};

/** The targets that teams with these rights, or an operator if no rights are given, may ask for. */
export function published({ targets }: Catalog, teams: readonly Rights[] | undefined) {
  const mayAsk = (name: string) => (word: Access) =>
    !teams || teams.some(({ targets: rights }) => lookUp(rights, name)?.includes(word));
  return {
    targets: Object.entries(targets)
      .map(([name, { kind, environment, access }]) => ({
        name,
        kind,
        ...defined({ environment }),
        access: access.filter(mayAsk(name)),
      }))
      .filter(({ access }) => access.length > 0),
  };
}

function destination({ targets: listed }: Catalog, { key, pointer }: WantedThere): Destination | undefined {
  const entry = lookUp(listed, key);
  if (!entry) return undefined;
  const about = { what: `target ${key}`, pointer: `${pointer}/target` };
  if (entry.kind === "postgresql") {
    return destinationOf({ ...about, ports: [onePort(entry.port)] }, entry.network, entry.host);
  }
  const ports = entry.kind === "cosmosNoSql" ? cosmosPorts : azureRoleKinds[entry.kind].ports;
  const hosts = addressesAt(placeOf(entry)).map((at) => at.replace(/^https:\/\/([^/:]+).*$/, "$1").toLowerCase());
  return destinationOf({ ...about, ports: ports.map(onePort) }, entry.network, ...hosts);
}

export const namedTarget = {
  ...{ noun: "target", word: "access", fields: { place: "target", name: "target", words: "access" } },
  steps: { grant: "grantTarget", narrow: "narrowTarget", retire: "retireTarget", revoke: "revokeTarget" },
  read: ({ targets = [] }: Request) =>
    targets.map((entry, index) => ({
      ...{ key: keyOf(entry), access: entry.access, expiry: expiryOf(entry) },
      pointer: `/targets/${index}`,
    })),
  /** Without the field where nothing is left: a request names a target there, or leaves it out. */
  write: (wanted: readonly WantedThere[]): Request =>
    wanted.length === 0
      ? {}
      : {
          targets: wanted.map(({ key, access, expiry }) => ({
            ...{ target: key, access: access.flatMap((word) => Access.options.find((each) => each === word) ?? []) },
            ...expiry,
          })),
        },
  covers: (words: readonly Access[], word: Access) => withIncluded(words).has(word),
  // What gives a word of its own is not needed beside what gives a larger one.
  narrows: (next: readonly Access[], word: Access) =>
    !next.includes(word) || next.some((other) => other !== word && withIncluded([other]).has(word)),
  rules: (ruled: Access, word: Access) => withIncluded([word]).has(ruled),
  offered: ({ targets }: Catalog, key: string): readonly Access[] | undefined => lookUp(targets, key)?.access,
  environmentOf: ({ targets }: Catalog, key: string) => lookUp(targets, key)?.environment,
  destination,
  isMoved({ targets }: Catalog, key: string, { places = {} }: Remembered) {
    const entry = lookUp(targets, key);
    const [newest] = lookUp(places, key) ?? [];
    return entry !== undefined && newest !== undefined && !isSamePlace(placeOf(entry), newest);
  },
  refused: refusedBy,
  rights: (team: Rights) =>
    Object.entries(team.targets).map(([key, words]) => ({ path: ["targets", key], key, words })),
  ruled: ({ targets: names, access: words }: Rule) => ({ names, words }),
  rulesOf: ({ targets, access }: Policy) => [{ targets }, { access }],
  danglingInPolicy: ({ targets }: Policy, catalog: Catalog) => dangling(targets, catalog),
  danglingInRule: ({ targets = [] }: Rule, catalog: Catalog) => dangling(targets, catalog),
} as const;
