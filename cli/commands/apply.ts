import { describeLosses } from "../../src/domain/request/lossText.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { describeWrites } from "../output/plan.ts";
import { printable } from "../output/printable.ts";
import { type Changed, changeEach, expectUnblocked, type NamedRequest, nameEach } from "../requests/eachObject.ts";
import { onboardingOf } from "../requests/onboarding.ts";
import { readRequests } from "../requests/readFiles.ts";
import { type Removal, sendAsking } from "../requests/removal.ts";
import { expectFiles, expectOne, fileFlags } from "../requests/requestFlags.ts";
import { yesFlags } from "../requests/selection.ts";
import { withFileLocations } from "../requests/withFileLocations.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Onboards the namespaces in the files, changes those that differ, and leaves the rest. Each line says created, configured or unchanged, as soon as the request is accepted, or with --wait once the operation has succeeded. Each request stands alone: if one is refused, the others continue and the exit code is 1. What a request leaves out is removed: before that, it shows what would go and asks, and outside a terminal it needs --yes. It skips objects of other kinds, which kustomize may print beside them. `mooring onboard -f` sends many requests as one batch.",
  operands: [],
  flags: {
    ...fileFlags,
    "take-over": { summary: "Operators: take the namespace over from its team; with one request only" },
    ...yesFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["apply -f shop.yaml --wait", "apply -f teams -R --dry-run", "apply -f - -o json"],
  isPatient: true,
  async run(session, { filename, recursive, "take-over": takeOver, yes: isConfirmed, "dry-run": isDryRun }) {
    expectFiles(filename, "apply");
    const objects = nameEach(
      await readRequests(filename, { isRecursive: recursive, say: session.say, command: "apply" }),
    );
    expectOne(objects, { takeOver });
    const change = isDryRun ? planOne : applyOne;
    const options = { takeOver, isConfirmed };
    return await changeEach(session, objects, {
      isDryRun,
      change: (object) => withFileLocations([object], () => change(session, object, options)),
    });
  },
});

interface Options extends Removal {
  readonly takeOver: boolean;
}

/** Undefined when the person declines what it would remove. */
async function applyOne(session: Session, { request }: NamedRequest, options: Options): Promise<Changed | undefined> {
  const wanted = onboardingOf(request, options);
  const accepted = await sendAsking(session, wanted, options, (call) => session.client.json(call, ["id", "kind"]));
  if (!accepted) return undefined;
  const { id: operation, kind, isNew, message } = accepted;
  const word = !isNew ? "unchanged" : kind === "change" ? "configured" : "created";
  return { word, operation, isDone: !isNew && message !== undefined };
}

async function planOne(session: Session, { request, name }: NamedRequest, options: Options): Promise<Changed> {
  const { call } = onboardingOf(request, options);
  const plan = await session.client.plan(call, ["steps", "blocked"]);
  expectUnblocked(plan, name);
  if (plan.operation === undefined) session.say(printable(`${name}: ${describeWrites(plan)}; mooring diff shows them`));
  for (const loss of plan.removes ?? []) session.say(printable(describeLosses(name, [loss])));
  return { word: plan.operation !== undefined ? "unchanged" : plan.replaces ? "configured" : "created" };
}
