import { stateInWords } from "../../clients/access.ts";
import { type Affected, affectedBy } from "../../clients/removal.ts";
import { count } from "../../src/domain/count.ts";
import type { AccessDocument } from "../../src/domain/documents/access.ts";
import type { OtherAccess, OtherAccessPage } from "../../src/domain/documents/otherAccess.ts";
import { readCount } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { facts } from "../output/facts.ts";
import { fixFacts } from "../output/fixFacts.ts";
import { nameOf } from "../output/namespaces.ts";
import { readSort } from "../output/sort.ts";
import { table } from "../output/table.ts";
import { age, ahead } from "../output/times.ts";
import type { View } from "../output/view.ts";
import { documentsOf } from "../service/pages.ts";
import type { Session } from "../session.ts";
import { listFlags, mostListed, showList } from "../showList.ts";

const defaultLimit = 500;

export const command = defineCommand({
  description:
    "Shows who reaches what: each target of your teams' namespaces, with its rights, since when, and by whose request and approval. What is only asked for, waits for approval or is being removed has a row of its own, and STATE says so. `--target sql-dev` covers every database of that server. Before you take a target, a cluster or a team out of the catalog, `--target`, `--cluster` or `--team` with `-o wide` says what that would break: which namespaces use the name, and what becomes of their access. What others gave there, as of the last verification, stands below as not by Mooring. `--others` reads one target now and shows who else reaches it: users, roles and assignments that no namespace asked Mooring for. The exit code is 1 if the target cannot be read.",
  operands: [],
  flags: {
    target: { value: "name", summary: "Only this target, such as sql-dev/orders, or all below it, such as sql-dev" },
    cluster: { value: "name", summary: "Only this cluster" },
    namespace: { value: "name", summary: "Only namespaces with this name, or <cluster>/<name>" },
    team: { value: "name", summary: "Only this team" },
    others: { summary: "Read the target now: who reaches it without Mooring" },
    ...listFlags(defaultLimit),
  },
  examples: [
    "access --target sql-dev/orders",
    "access --target sql-dev/orders --others",
    "access --cluster aks-dev",
    "access --team red -o wide",
  ],
  async run(session, { target, cluster, namespace, team, others, limit, "sort-by": sortBy }) {
    if (others) {
      if (target === undefined) throw new UsageError("--others needs --target.");
      for (const [name, value] of Object.entries({ cluster, namespace, team }))
        if (value !== undefined)
          throw new UsageError(`--others reads a target, whoever reaches it; leave --${name} out.`);
      return await showOthers(session, target, { limit, sortBy });
    }
    const place = placeOf({ cluster, namespace });
    const call = { route: "GET /api/access", query: { target, ...place, team } } as const;
    const isFiltered = [target, cluster, namespace, team].some((each) => each !== undefined);
    const none = `No namespace that you may see reaches ${isFiltered ? "that" : "anything"}.`;
    await showList(session, call, {
      ...{ limit, defaultLimit, sortBy },
      nameOf: (each) => `${nameOf(each)} ${each.target}`,
      lines: (value, view) =>
        value.length === 0
          ? [none]
          : [
              ...accessTable(value, view),
              ...value.flatMap(foreignLines),
              ...(view.isWide ? affectedBy(value) : []).flatMap((each) =>
                removalLines(each, target ?? place.cluster ?? team ?? ""),
              ),
            ],
    });
    return exitCodes.done;
  },
});

interface Place {
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
}

/** Other commands name a namespace with its cluster. */
function placeOf({ cluster, namespace }: Place): Place {
  const [, own, name] = /^([^/]+)\/([^/]+)$/.exec(namespace ?? "") ?? [];
  if (own === undefined) return { cluster, namespace };
  if (cluster !== undefined && cluster !== own)
    throw new UsageError(`--namespace ${namespace} is not in cluster ${cluster}.`);
  return { cluster: own, namespace: name };
}

function accessTable(value: readonly AccessDocument[], view: View): readonly string[] {
  return table(
    value,
    [
      { title: "NAMESPACE", cell: nameOf },
      { title: "TARGET", cell: ({ target }) => target },
      { title: "ACCESS", cell: ({ access }) => access.join(", ") },
      ...(value.some(({ through }) => through !== undefined)
        ? [{ title: "THROUGH", cell: ({ through = "" }: AccessDocument) => through }]
        : []),
      { title: "STATE", cell: ({ state, removal = false }) => stateInWords(state, removal) },
      { title: "SINCE", cell: ({ since }) => age(since, view.now) },
      ...(value.some(({ until }) => until !== undefined)
        ? [{ title: "ENDS", cell: ({ until }: AccessDocument) => ahead(until, view.now) }]
        : []),
      { title: "BY", cell: ({ requestedBy = "" }) => requestedBy, goes: 1 },
      { title: "APPROVED BY", cell: ({ approvedBy }) => approvedBy.join(", "), goes: 2 },
      { title: "NAMESPACE IS", cell: ({ namespaceState }) => namespaceState, isWide: true },
      { title: "TEAM", cell: ({ team = "" }) => team, isWide: true },
      { title: "OPERATION", cell: ({ operation = "" }) => operation, isWide: true },
    ],
    view,
  );
}

function foreignLines(each: AccessDocument): readonly string[] {
  return each.others.map(
    ({ field, found, code }) => `${nameOf(each)} ${each.target}: not by Mooring: ${field} (${found}) ${code}`,
  );
}

function removalLines({ namespaces, effects }: Affected, name: string): readonly string[] {
  return ["", `If ${name} leaves the catalog, for ${namespaces.join(", ")}:`, ...effects.map((each) => `  ${each}`)];
}

interface Wanted {
  readonly limit: string | undefined;
  readonly sortBy: string | undefined;
}

async function showOthers(session: Session, target: string, { limit, sortBy }: Wanted): Promise<number> {
  const sort = readSort(sortBy);
  const most = readCount("--limit", limit ?? String(defaultLimit), { most: mostListed });
  const call = { route: "GET /api/access/others", query: { target } } as const;
  const read: OtherAccess[] = [];
  let last: OtherAccessPage | undefined;
  for await (const page of documentsOf(session.client, call)) {
    last = page;
    read.push(...page.value);
    if (read.length > most) break;
  }
  const { error, unnamed = 0 } = last ?? {};
  const value = sort(read.slice(0, most));
  await session.print({
    document: { ...last, value },
    names: value.map(({ name }) => name),
    lines(view) {
      if (error) {
        const { code, message } = error;
        return [
          `${target} cannot be read, so nobody knows who else reaches it.`,
          ...facts([["error", `${code}: ${message}`], ...fixFacts(error)], view),
        ];
      }
      const more = unnamed === 0 ? [] : [`${count(unnamed, "other")} visible to operators only.`];
      if (value.length === 0) return unnamed === 0 ? ["Nobody else reaches it."] : more;
      return [...othersTable(value, view), ...more];
    },
  });
  if (read.length > most) session.say("There are more; --limit says how many to list.");
  return error ? exitCodes.refused : exitCodes.done;
}

function othersTable(value: readonly OtherAccess[], view: View): readonly string[] {
  return table(
    value,
    [
      { title: "NAME", cell: ({ name }) => name },
      { title: "TYPE", cell: ({ type }) => type, goes: 1 },
      { title: "RIGHTS", cell: ({ rights }) => rights.map(describeRight).join(", "), wraps: true },
      { title: "WHOSE", cell: whose },
    ],
    view,
  );
}

function describeRight({ right, scope, by }: OtherAccess["rights"][number]): string {
  const where = scope === undefined ? [] : [`at ${scope}`];
  const who = by === "mooring" ? ["by Mooring for another target"] : [];
  const more = [...where, ...who];
  return more.length === 0 ? right : `${right} (${more.join(", ")})`;
}

function whose({ isMooring, cluster, namespace }: OtherAccess): string {
  if (isMooring) return "Mooring itself";
  return namespace === undefined ? "" : `${cluster}/${namespace}`;
}
