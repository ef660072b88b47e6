import { kinds, statuses } from "../../clients/operations.ts";
import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import type { AnySummary } from "../../src/domain/documents/operation.ts";
import type { NamespaceFilter } from "../../src/domain/operation/namespaceFilter.ts";
import type { Phase } from "../../src/domain/operation/operation.ts";
import type { Flags, Values } from "../arguments/flags.ts";
import { sortFlags } from "../arguments/shared.ts";
import { readCount, readDuration } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, TimedOut, UsageError } from "../failures.ts";
import { nameOf, namespaceColumns, namespaceTable } from "../output/namespaces.ts";
import { operationColumns, operationTable } from "../output/operations.ts";
import { readSort } from "../output/sort.ts";
import type { View } from "../output/view.ts";
import { filterFlags, readFilter } from "../requests/filter.ts";
import { expectCluster } from "../service/expectCluster.ts";
import { type Listed, listAll } from "../service/pages.ts";
import type { Session } from "../session.ts";
import type { Listing } from "../watchList.ts";

const defaultLimit = 500;
const mostListed = 10_000;

interface Filters extends ReturnType<typeof readBoth> {
  readonly namespace: string | undefined;
  readonly status: string | undefined;
  readonly phase: string | undefined;
  readonly kind: string | undefined;
  readonly isWithoutChildren: true | undefined;
}

const flags = {
  cluster: { value: "name", summary: "Only this cluster" },
  team: { value: "name", summary: "Only this team" },
  findings: {
    value: "which",
    summary: "Namespaces: only those whose last verification found any, none, Error, Warning, Info or this code",
  },
  filter: {
    ...filterFlags.filter,
    summary:
      "Namespaces: only those that match all of these, as in verify, repair, migrate and offboard: cluster, team, state, identityMode, findings; --cluster, --team and --findings are shortcuts",
  },
  namespace: { value: "name", summary: "Operations: only for namespaces with this name" },
  status: {
    value: "status",
    choices: statuses,
    summary: "Operations: only with this status",
  },
  kind: {
    value: "kind",
    choices: kinds,
    summary: "Operations: only of this kind",
  },
  "no-children": { summary: "Operations: without those that a batch began" },
  phase: {
    value: "phase",
    choices: ["awaitingApproval"] satisfies readonly Phase[],
    summary: "Operations: only those that wait for a person",
  },
  limit: { value: "n", summary: `No more than this many (${defaultLimit})` },
  ...sortFlags,
  watch: { short: "w", summary: "Keep running and print what changes" },
  timeout: { value: "duration", summary: "With -w: stop after this time, such as 90s, 5m or 1h30m (no limit)" },
} as const satisfies Flags;

export const command = defineCommand({
  description:
    "Lists onboarded namespaces or, with `operations`, operations, newest first. Shows only what belongs to your teams. With -w it runs until Ctrl-C and prints a line for each change.",
  operands: [{ name: "what", isRequired: false, choices: ["namespaces", "operations"] }],
  flags,
  examples: [
    "list",
    "list --findings any --team red",
    "list operations --status Failed",
    "list operations --no-children",
    "list operations --phase awaitingApproval",
    "list --filter team=red,state=Incomplete",
    "list --sort-by .verifiedTime -o custom-columns=NAMESPACE:.namespace,CLIENT:.clientId",
  ],
  async run(session, values, [what = "namespaces"]) {
    return await listWhat(session, values, what);
  },
});

/** How namespaces are printed when not as a table: as the service answers them, or as objects. */
export interface Shape {
  one(namespace: NamespaceDocument): unknown;
  all(namespaces: readonly NamespaceDocument[]): unknown;
}

const asAnswered: Shape = { one: (namespace) => namespace, all: (value) => ({ value }) };

export async function listWhat(
  session: Session,
  values: Values<typeof flags>,
  what: string,
  shape: Shape = asAnswered,
): Promise<number> {
  const { cluster, namespace, status, phase, kind, team, findings, timeout, limit = String(defaultLimit) } = values;
  const isWithoutChildren = values["no-children"] || undefined;
  if (what === "namespaces" && (namespace ?? status ?? phase ?? kind ?? isWithoutChildren) !== undefined) {
    throw new UsageError("--namespace, --status, --kind, --no-children and --phase work only for operations.", {
      next: ["mooring list operations"],
    });
  }
  if (what === "operations" && (findings !== undefined || values.filter.length > 0)) {
    const flag = findings === undefined ? "--filter" : "--findings";
    throw new UsageError(`${flag} works only for namespaces.`, { next: ["mooring list"] });
  }
  if (timeout !== undefined && !values.watch) throw new UsageError("--timeout needs --watch.");
  if (timeout !== undefined) readDuration("--timeout", timeout);
  const filters = {
    namespace,
    status,
    phase,
    kind,
    isWithoutChildren,
    ...readBoth({ cluster, team, findings }, values.filter),
  };
  const asked = {
    filters,
    most: readCount("--limit", limit, { most: mostListed }),
    sort: readSort(values["sort-by"]),
  };
  return what === "namespaces"
    ? await list(session, namespacesAs(shape), asked, values.watch)
    : await list(session, operations, asked, values.watch);
}

/** A dedicated flag means the same as its field of --filter. */
function readBoth(
  given: Readonly<Record<"cluster" | "team" | "findings", string | undefined>>,
  filter: readonly string[],
): Readonly<Record<keyof NamespaceFilter, string | undefined>> {
  const { cluster, team, findings, state, identityMode } = readFilter(filter);
  const read: Record<keyof NamespaceFilter, string | undefined> = { cluster, team, findings, state, identityMode };
  for (const field of ["cluster", "team", "findings"] as const) {
    if (given[field] === undefined) continue;
    if (read[field] !== undefined) throw new UsageError(`--${field} and --filter both set ${field}; give one.`);
    read[field] = given[field];
  }
  return read;
}

interface Asked {
  readonly filters: Filters;
  readonly most: number;
  readonly sort: ReturnType<typeof readSort>;
}

interface Source<T> extends Listing<T> {
  read(session: Session, filters: Filters, most: number): Promise<Listed<T>>;
  documentOfAll(items: readonly T[]): unknown;
  lines(items: readonly T[], view: View): readonly string[];
  /** What is printed when there is nothing, and when nothing matches the filters. */
  readonly nothing: string;
  readonly noMatch: string;
}

function namespacesAs({ one, all }: Shape): Source<NamespaceDocument> {
  return {
    read({ client }, { cluster, team, findings, state, identityMode }, most) {
      const query = { cluster, team, findings, state, identityMode };
      return listAll(client, { route: "GET /api/namespaces", query }, most);
    },
    nameOf,
    documentOf: one,
    documentOfAll: all,
    columns: (items, view) => namespaceColumns(view, items),
    lines: namespaceTable,
    nothing: "No namespace that you may see is onboarded.",
    noMatch: "No onboarded namespace that you may see matches.",
  };
}

const operations: Source<AnySummary> = {
  read({ client }, { team, cluster, namespace, status, phase, kind, isWithoutChildren }, most) {
    const query = { cluster, namespace, status, phase, kind };
    const call = { route: "GET /api/operations", query } as const;
    const isWanted = (each: AnySummary) =>
      isOf(team, each) && !(isWithoutChildren && each.kind !== "batch" && each.batch !== undefined);
    return listAll(client, call, most, team === undefined && !isWithoutChildren ? undefined : isWanted);
  },
  nameOf: ({ id }) => id,
  documentOf: (operation) => operation,
  documentOfAll: (value) => ({ value }),
  columns: operationColumns,
  lines: operationTable,
  nothing: "There is no operation that you may see.",
  noMatch: "There is no such operation that you may see.",
};

function isOf(wanted: string | undefined, { team }: { readonly team?: string | undefined }): boolean {
  return wanted === undefined || team === wanted;
}

async function list<T>(
  session: Session,
  listing: Source<T>,
  { filters, most, sort }: Asked,
  isWatching: boolean,
): Promise<number> {
  const read = async () => {
    const { value, isCut } = await listing.read(session, filters, most);
    return { value: sort(value), isCut };
  };
  const { value, isCut } = await read();
  if (value.length === 0 && filters.cluster !== undefined) await expectCluster(session.client, filters.cluster);
  if (isCut) session.say("There are more; --limit says how many to list.");
  if (!isWatching) {
    const names = value.map(listing.nameOf);
    const isFiltered = Object.values(filters).some((each) => each !== undefined);
    const none = isFiltered ? listing.noMatch : listing.nothing;
    await session.print({
      document: listing.documentOfAll(value),
      names,
      lines: (view) => (value.length === 0 ? [none] : listing.lines(value, view)),
    });
    return exitCodes.done;
  }
  try {
    const { watchList } = await import("../watchList.ts");
    return await watchList(session, listing, value, async () => (await read()).value);
  } catch (error) {
    // --timeout ends a watch; that is not a failure.
    if (error instanceof TimedOut) return exitCodes.done;
    throw error;
  }
}
