import type { AwaitingDocument } from "../../src/domain/documents/operation.ts";
import { sortFlags } from "../arguments/shared.ts";
import { readCount } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { approvalTable } from "../output/approvals.ts";
import { readSort } from "../output/sort.ts";
import { listAll } from "../service/pages.ts";

const defaultLimit = 500;

export const command = defineCommand({
  description:
    "Lists what waits for your approval, newest first, except your own requests and those that you have already approved. Needs the role Onboarding.Approve. CHANGES counts the databases that would be added (+), changed (~) and removed (-); GIVEN shows who has approved. `-o wide` also shows who may approve, and `-o json` each whole request with the one that it replaces. For everything that waits in your teams: `mooring list operations --phase awaitingApproval`.",
  operands: [],
  flags: { limit: { value: "n", summary: `No more than this many (${defaultLimit})` }, ...sortFlags },
  examples: ["approvals", "approvals -o name | xargs -n 1 mooring status"],
  async run(session, { limit = String(defaultLimit), "sort-by": path }) {
    const sort = readSort(path);
    const most = readCount("--limit", limit, { most: 10_000 });
    const call = { method: "GET", path: "/api/approvals" } as const;
    const { value: listed, isCut } = await listAll<AwaitingDocument>(session.client, call, most);
    const value = sort(listed);
    await session.print({
      document: { value },
      names: value.map(({ id }) => id),
      lines: (view) => approvalTable(value, view),
    });
    if (isCut) session.say("There are more; --limit says how many to list.");
    return exitCodes.done;
  },
});
