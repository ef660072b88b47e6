import { renewed, targetsOf } from "../../clients/request.ts";
import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { readEnd } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../failures.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { onboardingOf } from "../requests/onboarding.ts";

export const command = defineCommand({
  description:
    "Renews access that ends: sends what the namespace has with another end, as the change that it is, with the same approval. Without --target it moves the end of everything; a target that ends earlier by itself still does. Access that does not end gets an end.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    "expires-after": { value: "duration", summary: "How long from now, such as 30d or PT12H" },
    "expires-at": { value: "time", summary: "Until when, such as 2027-01-31 or 2027-01-31T12:00:00Z" },
    target: { value: "name", many: true, summary: "Only this target, such as sql-dev/orders or uploads" },
    ...conditionFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: [
    "renew aks-dev/team-a --expires-after P90D --wait",
    "renew aks-dev/team-a --target sql-dev/orders --expires-at 2027-01-31T00:00:00Z",
    "renew aks-dev/team-a --expires-after P90D --dry-run",
  ],
  async run(session, values, operands) {
    const { "expires-after": after, "expires-at": at, target: keys, "dry-run": isDryRun } = values;
    const end = endOf(after, at);
    const { name, at: namespaceRef } = namespaceOf(operands);
    const call = { route: "GET /api/namespaces/{cluster}/{namespace}", at: namespaceRef } as const;
    const document = await session.client.json(call, ["request", "etag"]);
    const { request, team, etag } = document;
    const sent = renewed(request, { end, keys });
    if (!sent) {
      const has = targetsOf(request).map(({ key }) => key);
      throw new UsageError(`${name} has no such target; it has ${has.join(", ")}.`);
    }
    if (keys.length > 0 && request.expiresAt !== undefined && (at === undefined ? "P" : end) > request.expiresAt)
      session.say(`All of ${name} ends at ${request.expiresAt}; renew that, too, without --target.`);
    // Only what was read just now is renewed. Whoever sends it, it stays its team's.
    const owned = team === undefined ? sent : { ...sent, team };
    const decided = { takeOver: false, ifMatch: values["if-match"] ?? etag };
    const wanted = { ...onboardingOf(owned, decided), title: `renew ${name}` };
    return await change(session, wanted, { isDryRun });
  },
});

function endOf(after: string | undefined, at: string | undefined): string {
  if (after !== undefined && at !== undefined) throw new UsageError("--expires-after excludes --expires-at.");
  const typed = after ?? at;
  if (typed === undefined) throw new UsageError("renew needs --expires-after or --expires-at.");
  const end = readEnd(typed);
  if (after !== undefined && !end.startsWith("P"))
    throw new UsageError(`--expires-after is "${after}"; write a duration, such as 30d, 12h or P6M.`);
  if (at !== undefined && end.startsWith("P"))
    throw new UsageError(`--expires-at is "${at}"; write a date or a time, such as 2027-01-31T00:00:00Z.`);
  return end;
}
