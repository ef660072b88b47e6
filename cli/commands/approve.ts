import type { AnyOperationDocument, OperationDocument } from "../../src/domain/documents/operation.ts";
import { commentFlags, conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, NotPossible, UsageError } from "../failures.ts";
import { facts } from "../output/facts.ts";
import { approvalLines, headline, requestedFact } from "../output/operation.ts";
import { writeLines } from "../output/plan.ts";
import { askWhether, canAsk } from "../question.ts";
import { decide } from "../requests/decide.ts";
import { findOperation } from "../service/findOperation.ts";
import { getOperation } from "../service/followOperation.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Approves the waiting request. Needs the role Onboarding.Approve; nobody can approve their own request, and a request from the queue needs two people. On a terminal it shows the request and asks for confirmation. Elsewhere --request-hash has to name the request that you reviewed; `mooring status` shows the hash. Exactly what was approved is what runs.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: {
    "request-hash": { value: "hash", summary: "Approve exactly this request, without confirmation" },
    ...commentFlags,
    ...conditionFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["approve eeb4e7 --dry-run", "approve eeb4e7 --wait"],
  async run(session, { comment, "request-hash": hash, "if-match": named, "dry-run": isDryRun }, [text = ""]) {
    if (hash === undefined && !isDryRun && !canAsk()) {
      throw new UsageError("No terminal to ask for confirmation: name the request with --request-hash.", {
        // The status of a namespace has no hash.
        next: text.includes("/") ? ["mooring approvals", "mooring status <operation>"] : [`mooring status ${text}`],
      });
    }
    const id = await findOperation(session.client, text);
    const operation = hash === undefined ? await getOperation(session.client, id) : undefined;
    const requestHash = hash ?? (operation && (await hashOf(session, operation, { isDryRun })));
    if (requestHash === undefined) return exitCodes.refused;
    // The approval covers exactly what the person saw.
    const ifMatch = named ?? operation?.etag;
    return await decide(session, { verb: "approve", text: id, body: { comment, requestHash }, ifMatch, isDryRun });
  },
});

async function hashOf(session: Session, operation: AnyOperationDocument, { isDryRun }: { isDryRun: boolean }) {
  const { id } = operation;
  if (operation.kind === "batch" || !operation.approval || operation.approval.decision) {
    throw new NotPossible(`Operation ${id} is not waiting for approval.`, { next: [`mooring status ${id}`] });
  }
  const { approval } = operation;
  // A dry run decides nothing, so nobody has to confirm it.
  return isDryRun ? approval.requestHash : await ask(session, { ...operation, approval });
}

type Waiting = OperationDocument & { readonly approval: NonNullable<OperationDocument["approval"]> };

/** The hash of the request that the person saw and confirmed; undefined if they declined. */
async function ask(session: Session, operation: Waiting): Promise<string | undefined> {
  const { approval } = operation;
  session.show((view) => [
    headline(operation, view),
    ...facts([requestedFact(operation, view)], view),
    ...approvalLines(operation, view),
    ...writeLines(operation.plan ?? [], view),
  ]);
  const terminal = { input: process.stdin, output: process.stderr, signal: session.signal };
  if (await askWhether("Approve it?", terminal)) return approval.requestHash;
  session.say("Not approved; the operation keeps waiting.");
  return undefined;
}
