import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { plan, planBatch, startAsking, startBatch } from "../requests/change.ts";
import { onboardingOf } from "../requests/onboarding.ts";
import { sendAsking } from "../requests/removal.ts";
import { readAsked, requestFlags } from "../requests/requestFlags.ts";
import { yesFlags } from "../requests/selection.ts";
import { withFileLocations } from "../requests/withFileLocations.ts";

export const command = defineCommand({
  description:
    "Onboards the namespace, or changes an onboarded one to match the request: what the request leaves out is removed. Before that it shows what would go and asks; outside a terminal it needs --yes. The same request again changes nothing. Several requests are sent as one batch, and more than a batch may have (1,000, or 1 MB) as several: if one is wrong, all are refused; otherwise each gets an operation of its own.",
  operands: [{ name: "cluster/namespace", isRequired: false }],
  flags: { ...requestFlags, ...yesFlags, ...conditionFlags, ...dryRunFlags, ...waitFlags },
  examples: [
    "onboard aks-dev/team-a --database sql-dev/messages=reader,writer --wait",
    "onboard aks-dev/team-a --database sql-dev/messages=reader~P7D --expires-after P90D",
    "onboard -f examples/team-a.workload-identity.json --wait --timeout 10m",
    "onboard -f teams.yaml --dry-run",
    "onboard -f teams.yaml --yes --wait",
  ],
  async run(session, values, operands) {
    const asked = await readAsked(values, operands, session.say);
    const { requests, written } = asked;
    const { "dry-run": isDryRun, "if-match": ifMatch, yes: isConfirmed } = values;
    const [only, ...more] = requests;
    if (only && more.length === 0) {
      const wanted = onboardingOf(only, { ...asked, ifMatch });
      return await withFileLocations(written, () =>
        isDryRun
          ? plan(session, wanted)
          : startAsking(session, wanted, (send) => sendAsking(session, wanted, { isConfirmed }, send)),
      );
    }
    const all = { requests, written, adoptIdentity: asked.adoptIdentity, ifMatch };
    return isDryRun ? await planBatch(session, all) : await startBatch(session, all, { isConfirmed });
  },
});
