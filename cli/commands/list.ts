import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import type { AnySummary } from "../../src/domain/documents/operation.ts";
import type { OperationStatus, Phase } from "../../src/domain/operation/operation.ts";
import { readCount } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { nameOf, namespaceTable } from "../output/namespaces.ts";
import { operationTable } from "../output/operations.ts";
import type { Printed } from "../output/print.ts";
import { expectCluster } from "../service/expectCluster.ts";
import { listAll } from "../service/pages.ts";
import type { Session } from "../session.ts";

const defaultLimit = 500;
const mostListed = 10_000;

interface Filters {
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly status: string | undefined;
  readonly phase: string | undefined;
}

export const command = defineCommand({
  description:
    "Lists what is onboarded or, with `operations`, what was asked for, newest first. Of what belongs to other teams, nothing is shown.",
  operands: [{ name: "what", isRequired: false, choices: ["namespaces", "operations"] }],
  flags: {
    cluster: { value: "name", summary: "Only of this cluster" },
    namespace: { value: "name", summary: "Operations: only of namespaces of this name" },
    status: {
      value: "status",
      choices: ["NotStarted", "Running", "Succeeded", "Failed", "Canceled"] satisfies readonly OperationStatus[],
      summary: "Operations: only of this status",
    },
    phase: {
      value: "phase",
      choices: ["awaitingApproval"] satisfies readonly Phase[],
      summary: "Operations: only those that wait for a person",
    },
    limit: { value: "n", summary: `No more than these (${defaultLimit})` },
  },
  examples: [
    "list",
    "list operations --status Failed",
    "list operations --phase awaitingApproval",
    "list -o name | xargs -n 1 mooring verify",
  ],
  async run(session, { cluster, namespace, status, phase, limit = String(defaultLimit) }, [what = "namespaces"]) {
    if (what === "namespaces" && (namespace ?? status ?? phase) !== undefined) {
      throw new UsageError("--namespace, --status and --phase are of operations.", {
        next: ["mooring list operations"],
      });
    }
    const most = readCount("--limit", limit, { most: mostListed });
    const list = what === "namespaces" ? listNamespaces : listOperations;
    const { isCut, ...printed } = await list(session, { cluster, namespace, status, phase }, most);
    if (printed.names.length === 0 && cluster !== undefined) await expectCluster(session.client, cluster);
    await session.print(printed);
    if (isCut) session.say(`There are more; --limit says how many to list.`);
    return exitCodes.done;
  },
});

type Listing = Printed & { readonly isCut: boolean };

async function listNamespaces({ client }: Session, { cluster }: Filters, most: number): Promise<Listing> {
  const call = { method: "GET", path: "/api/namespaces", query: { cluster } } as const;
  const { value, isCut } = await listAll<NamespaceDocument>(client, call, most);
  return { document: { value }, names: value.map(nameOf), lines: (view) => namespaceTable(value, view), isCut };
}

async function listOperations({ client }: Session, filters: Filters, most: number): Promise<Listing> {
  const call = { method: "GET", path: "/api/operations", query: { ...filters } } as const;
  const { value, isCut } = await listAll<AnySummary>(client, call, most);
  return {
    document: { value },
    names: value.map(({ id }) => id),
    lines: (view) => operationTable(value, view),
    isCut,
  };
}
