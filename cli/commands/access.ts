import type { AccessDocument } from "../../src/domain/documents/access.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { table } from "../output/table.ts";
import { age, ahead } from "../output/times.ts";
import type { View } from "../output/view.ts";
import { expectCluster } from "../service/expectCluster.ts";
import { listFlags, showList } from "../showList.ts";

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
    ...listFlags(defaultLimit),
  },
  examples: ["access --target sql-dev/orders", "access --team red -o wide"],
  async run(session, { target, cluster, namespace, team, limit, "sort-by": sortBy }) {
    const call = { method: "GET", path: "/api/access", query: { target, cluster, namespace, team } } as const;
    const isFiltered = [target, cluster, namespace, team].some((each) => each !== undefined);
    const none = isFiltered ? "Nobody reaches that." : "No namespace has access to anything.";
    await showList<AccessDocument>(session, call, {
      ...{ limit, defaultLimit, sortBy },
      nameOf: (each) => `${nameOf(each)} ${each.target}`,
      lines: (value, view) =>
        value.length === 0 ? [none] : [...accessTable(value, view), ...value.flatMap(foreignLines)],
      async expect() {
        if (cluster !== undefined) await expectCluster(session.client, cluster);
      },
    });
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
      ...(value.some(({ through }) => through !== undefined)
        ? [{ title: "THROUGH", cell: ({ through = "" }: AccessDocument) => through }]
        : []),
      { title: "SINCE", cell: ({ since }) => age(since, view.now) },
      ...(value.some(({ until }) => until !== undefined)
        ? [{ title: "ENDS", cell: ({ until }: AccessDocument) => ahead(until, view.now) }]
        : []),
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
