import type { AcceptedDocument } from "../../src/domain/documents/accepted.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { type Changed, changeEach, expectUnblocked, type NamedRequest, nameEach } from "../requests/eachObject.ts";
import { onboardingOf } from "../requests/onboarding.ts";
import { readRequests } from "../requests/readFiles.ts";
import { expectFiles, expectOne, fileFlags } from "../requests/requestFlags.ts";
import { withFileLocations } from "../requests/withFileLocations.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Onboards what is in the files and not there, changes what differs, and leaves the rest: created, configured or unchanged, as soon as it is accepted. Each request is one of its own: what is refused of one does not stop the others, and the exit code is 1 then. With --wait it follows them all to their end. Of objects of other kinds, such as kustomize prints beside them, it takes none. `mooring onboard -f` sends many as one batch.",
  operands: [],
  flags: {
    ...fileFlags,
    "take-over": { summary: "Operators: take a namespace from the team that has it; for one request" },
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["apply -f shop.yaml --wait", "apply -f teams -R --dry-run", "apply -f - -o json"],
  isPatient: true,
  async run(session, { filename, recursive, "take-over": takeOver, "dry-run": isDryRun }) {
    expectFiles(filename, "apply");
    const objects = nameEach(await readRequests(filename, { isRecursive: recursive, say: session.say }));
    expectOne(objects, takeOver);
    const change = isDryRun ? planOne : applyOne;
    return await changeEach(session, objects, {
      isDryRun,
      change: (object) => withFileLocations([object], () => change(session, object, takeOver)),
    });
  },
});

async function applyOne({ client }: Session, { request }: NamedRequest, takeOver: boolean): Promise<Changed> {
  const { call } = onboardingOf(request, { takeOver });
  const { id: operation, kind, isNew, message } = await client.json<AcceptedDocument>(call, ["id", "kind"]);
  const word = !isNew ? "unchanged" : kind === "change" ? "configured" : "created";
  return { word, operation, isDone: message !== undefined };
}

async function planOne({ client }: Session, { request, name }: NamedRequest, takeOver: boolean): Promise<Changed> {
  const { call } = onboardingOf(request, { takeOver });
  const plan = await client.json<Plan>({ ...call, query: { ...call.query, dryRun: "true" } }, ["steps", "blocked"]);
  expectUnblocked(plan, name);
  return { word: plan.operation !== undefined ? "unchanged" : plan.replaces ? "configured" : "created" };
}
