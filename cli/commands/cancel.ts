import { commentFlags, conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { decide } from "../requests/decide.ts";

export const command = defineCommand({
  description:
    "Stops the operation and undoes what it did; an offboarding stops before its next step. --dry-run lists the undos that would run. With --wait the exit code is 0 if the operation was canceled.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: { ...commentFlags, ...conditionFlags, ...dryRunFlags, ...waitFlags },
  examples: ["cancel eeb4e7 --dry-run", 'cancel eeb4e7 --comment "wrong database" --wait'],
  run: (session, { comment, "if-match": ifMatch, "dry-run": isDryRun }, [text = ""]) =>
    decide(session, { verb: "cancel", text, body: { comment }, ifMatch, isDryRun }),
});
