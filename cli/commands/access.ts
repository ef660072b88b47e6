import type { AccessDocument } from "../../src/domain/documents/access.ts";
import { sortFlags } from "../arguments/shared.ts";
import { readCount } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { readSort } from "../output/sort.ts";
import { table } from "../output/table.ts";
import { age } from "../output/times.ts";
import type { View } from "../output/view.ts";
import { expectCluster } from "../service/expectCluster.ts";
import { listAll } from "../service/pages.ts";

const defaultLimit = 500;

export const command = defineCommand({
  description:
    "Shows who reaches what: each target of your teams' namespaces, with its rights, since when, and by whose request and approval. `--target sql-dev` covers every database of that server: these namespaces would keep access that Mooring can no longer change if the catalog dropped it, so offboard or change them first. What others gave there, as of the last verification, stands below as not by Mooring.",
  operands: [],
  flags: {
    target: { value: "name", summary: "Only this target, such as sql-dev/orders, or all below it, such as sql-dev" },
    cluster: { value: "name", summary: "Only this cluster" },
    namespace: { value: "name", summary: "Only namespaces with this name" },
    team: { value: "name", summary: "Only this team" },
    limit: { value: "n", summary: `No more than this many (${defaultLimit})` },
    ...sortFlags,
  },
  examples: ["access --target sql-dev/orders", "access --team red -o wide"],
  async run(session, { target, cluster, namespace, team, limit = String(defaultLimit), "sort-by": path }) {
    const sort = readSort(path);
    const most = readCount("--limit", limit, { most: 10_000 });
    const call = { method: "GET", path: "/api/access", query: { target, cluster, namespace, team } } as const;
    const { value: listed, isCut } = await listAll<AccessDocument>(session.client, call, most);
    const value = sort(listed);
    if (value.length === 0 && cluster !== undefined) await expectCluster(session.client, cluster);
    const isFiltered = [target, cluster, namespace, team].some((each) => each !== undefined);
    await session.print({
      document: { value },
      names: value.map((each) => `${nameOf(each)} ${each.target}`),
      lines: (view) =>
        value.length === 0
          ? [isFiltered ? "Nobody reaches that." : "No namespace has access to anything."]
          : [...accessTable(value, view), ...value.flatMap(foreignLines)],
    });
    if (isCut) session.say("There are more; --limit says how many to list.");
    return exitCodes.done;
  },
});

function nameOf({ cluster, namespace }: AccessDocument): string {
  return `${cluster}/${namespace}`;
}

function accessTable(value: readonly AccessDocument[], view: View): readonly string[] {
  return table(
    value,
    [
      { title: "NAMESPACE", cell: nameOf },
      { title: "TARGET", cell: ({ target }) => target },
      { title: "ACCESS", cell: ({ access }) => access.join(", ") },
      { title: "SINCE", cell: ({ since }) => age(since, view.now) },
      { title: "BY", cell: ({ requestedBy = "" }) => requestedBy, goes: 1 },
      { title: "APPROVED BY", cell: ({ approvedBy }) => approvedBy.join(", "), goes: 2 },
      { title: "STATE", cell: ({ state }) => state, isWide: true },
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
