import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { approvalTable } from "../output/approvals.ts";
import { listFlags, showList } from "../showList.ts";

const defaultLimit = 500;

export const command = defineCommand({
  description:
    "Lists what waits for your approval, newest first, except your own requests and those that you have already approved. Needs the role Onboarding.Approve. CHANGES names the targets that would be added (+), changed (~) and removed (-); GIVEN shows who has approved. `-o wide` also shows who may approve, and `-o json` each whole request with the one that it replaces. For everything that waits in your teams: `mooring list operations --phase awaitingApproval`.",
  operands: [],
  flags: listFlags(defaultLimit),
  examples: ["approvals", "approvals -o name | xargs -n 1 mooring status"],
  async run(session, { limit, "sort-by": sortBy }) {
    const call = { route: "GET /api/approvals" } as const;
    const shown = { limit, defaultLimit, sortBy, lines: approvalTable };
    await showList(session, call, { ...shown, nameOf: ({ id }) => id });
    return exitCodes.done;
  },
});
