import type { AuditDocument } from "../../src/domain/documents/audit.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { table } from "../output/table.ts";
import { age } from "../output/times.ts";
import type { View } from "../output/view.ts";
import { expectCluster } from "../service/expectCluster.ts";
import { findOperation } from "../service/findOperation.ts";
import { getOperation } from "../service/followOperation.ts";
import type { Session } from "../session.ts";
import { listFlags, showList } from "../showList.ts";

const defaultLimit = 50;

export const command = defineCommand({
  description:
    "Shows the audit trail, newest first: every effect and every decision. With --check, operators check the whole hash chain; the exit code is 1 if a record was changed, removed or moved.",
  operands: [],
  flags: {
    cluster: { value: "name", summary: "Only this cluster" },
    namespace: { value: "name", summary: "Only namespaces with this name" },
    operation: { value: "operation", summary: "Only this operation, named as for `status`" },
    ...listFlags(defaultLimit),
    check: { summary: "Check the hash chain instead" },
  },
  examples: ["audit --namespace team-a", "audit --check"],
  async run(session, { cluster, namespace, operation: named, limit, check, "sort-by": sortBy }) {
    if (check) return await checkChain(session);
    const { client } = session;
    const operation = named === undefined ? undefined : await findOperation(client, named);
    const call = { route: "GET /api/audit", query: { cluster, namespace, operation } } as const;
    await showList(session, call, {
      ...{ limit, defaultLimit, sortBy },
      nameOf: ({ id }) => id,
      lines: (entries, view) => (entries.length === 0 ? ["There is no such entry."] : auditTable(entries, view)),
      async expect() {
        if (operation !== undefined) await getOperation(client, operation);
        if (cluster !== undefined) await expectCluster(client, cluster);
      },
    });
    return exitCodes.done;
  },
});

function auditTable(entries: readonly AuditDocument[], view: View): readonly string[] {
  return table(
    entries,
    [
      { title: "AGE", cell: ({ time }) => age(time, view.now), goes: 1 },
      { title: "WHO", cell: ({ who }) => who },
      { title: "WHAT", cell: ({ what }) => stepInWords(what) },
      { title: "ACTION", cell: ({ action }) => action },
      { title: "OUTCOME", cell: outcomeOf },
      { title: "TARGET", cell: ({ target }) => target },
      { title: "REASON", cell: ({ reason = "" }) => reason, isWide: true },
      { title: "TIME", cell: ({ time }) => time, isWide: true },
      { title: "OPERATION", cell: ({ operation = "" }) => operation, isWide: true },
      { title: "TRACE", cell: ({ traceId = "" }) => traceId, isWide: true },
    ],
    view,
  );
}

/** What was only accepted or decided was running then, as ACTION says; its own entry says how it ended. */
function outcomeOf({ outcome, code }: AuditDocument): string {
  return code ?? (outcome === "Running" ? "" : outcome);
}

async function checkChain(session: Session): Promise<number> {
  const document = await session.client.json({ route: "GET /api/audit/verify" }, ["valid"]);
  const { valid, entries, head } = document;
  await session.print({
    document,
    names: [head],
    lines: ({ paint }) => [
      valid
        ? `${paint("green", "The chain is whole")}: ${entries} entries, head ${head}`
        : `${paint("red", "The chain is broken")}: -o json says where`,
    ],
  });
  return valid ? exitCodes.done : exitCodes.refused;
}
