import { statuses } from "../../clients/operations.ts";
import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import { waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Refused, UsageError } from "../failures.ts";
import { nameOf, namespaceLines } from "../output/namespaces.ts";
import { type Named, namespaceOf } from "../requests/namespacePath.ts";
import type { Client } from "../service/client.ts";
import { findLast, findOperation, findOperationId } from "../service/findOperation.ts";
import { getOperation } from "../service/followOperation.ts";
import { printOperation, waitAndPrint } from "../wait.ts";

export const command = defineCommand({
  description:
    "Shows an operation step by step. Name it by its ID, or by a unique beginning of the ID or of the part after the hyphen. For cluster/namespace it shows what is onboarded there. For a batch, --status shows only the namespaces with that status. With --wait it follows the operation, or the namespace's last one, and its outcome is the exit code; otherwise the exit code is 0, whatever the status.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: {
    status: {
      value: "status",
      choices: statuses,
      summary: "Show only a batch's namespaces with this status",
    },
    ...waitFlags,
  },
  examples: [
    "status 1eb066acc545eb-eeb4e713ef5927c9",
    "status eeb4e7",
    "status eeb4e7 --status Failed",
    "status aks-dev/team-a",
  ],
  async run(session, values, operands) {
    const [text = ""] = operands;
    const { client } = session;
    const { status } = values;
    if (status !== undefined && (values.wait || text.includes("/")))
      throw new UsageError(`--status is for a batch that is named by its ID${values.wait ? ", without --wait" : ""}.`);
    if (values.wait) return await waitAndPrint(session, await findOperation(client, text));
    if (text.includes("/")) {
      const document = await readNamespace(client, namespaceOf(operands));
      await session.print({ document, names: [nameOf(document)], lines: (view) => namespaceLines(document, view) });
      return exitCodes.done;
    }
    const operation = await getOperation(client, await findOperationId(client, text), { status });
    if (status !== undefined && operation.kind !== "batch")
      throw new UsageError(`${operation.id} is no batch; --status is for one.`);
    await printOperation(session, operation);
    return exitCodes.done;
  },
});

/** A namespace that is not onboarded may have had an operation, which says why. */
async function readNamespace(client: Client, named: Named): Promise<NamespaceDocument> {
  try {
    return await client.json({ route: "GET /api/namespaces/{cluster}/{namespace}", at: named.at }, [
      "state",
      "findings",
    ]);
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.status !== 404) throw error;
    throw new Refused(error.problem, { operation: await findLast(client, named.at) });
  }
}
