import { defineCommand } from "../command.ts";
import { planBatch, plan as planChange } from "../requests/change.ts";
import { onboardingOf } from "../requests/onboarding.ts";
import { readAsked, requestFlags } from "../requests/requestFlags.ts";
import { withFileLocations } from "../requests/withFileLocations.ts";

export const command = defineCommand({
  description:
    "Shows for each step what onboarding would create, adopt, change or remove; what blocks it, with the fix; what needs approval; and how long it would take. Writes nothing. The exit code is 1 if something blocks it. The other commands that change something have --dry-run.",
  operands: [{ name: "cluster/namespace", isRequired: false }],
  flags: requestFlags,
  examples: [
    "plan aks-dev/team-a --database sql-dev/messages=reader",
    "plan -f examples/team-a.workload-identity.json",
  ],
  async run(session, values, operands) {
    const asked = await readAsked(values, operands, session.say, "plan");
    const [only, ...more] = asked.requests;
    if (!only || more.length > 0) return await planBatch(session, asked);
    return await withFileLocations(asked.written, () => planChange(session, onboardingOf(only, asked)));
  },
});
