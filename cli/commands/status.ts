import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import { waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Refused } from "../failures.ts";
import { nameOf, namespaceLines } from "../output/namespaces.ts";
import { type Named, namespaceOf } from "../requests/namespacePath.ts";
import type { Client } from "../service/client.ts";
import { findLast, findOperation, findOperationId } from "../service/findOperation.ts";
import { getOperation } from "../service/followOperation.ts";
import { printOperation, waitAndPrint } from "../wait.ts";

export const command = defineCommand({
  description:
    "Shows an operation step by step. Name it by its ID, or by a unique beginning of the ID or of the part after the hyphen. For cluster/namespace it shows what is onboarded there. With --wait it follows the operation, or the namespace's last one, and its outcome is the exit code; otherwise the exit code is 0, whatever the status.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: waitFlags,
  examples: ["status 1eb066acc545eb-eeb4e713ef5927c9", "status eeb4e7", "status aks-dev/team-a"],
  async run(session, values, operands) {
    const [text = ""] = operands;
    const { client } = session;
    if (values.wait) return await waitAndPrint(session, await findOperation(client, text));
    if (text.includes("/")) {
      const document = await readNamespace(client, namespaceOf(operands));
      await session.print({ document, names: [nameOf(document)], lines: (view) => namespaceLines(document, view) });
      return exitCodes.done;
    }
    await printOperation(session, await getOperation(client, await findOperationId(client, text)));
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
