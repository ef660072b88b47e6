import { commentFlags, conditionFlags, dryRunFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { decide } from "../requests/decide.ts";

export const command = defineCommand({
  description: "Ends an operation that waits for approval; nothing is written. Needs the role Onboarding.Approve.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: { ...commentFlags, ...conditionFlags, ...dryRunFlags },
  examples: ['reject eeb4e7 --comment "orders is not for team-a"'],
  run: (session, { comment, "if-match": ifMatch, "dry-run": isDryRun }, [text = ""]) =>
    decide(session, { verb: "reject", text, body: { comment }, ifMatch, isDryRun }),
});
