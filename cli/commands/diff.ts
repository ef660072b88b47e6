import type { Plan } from "../../src/domain/operation/plan.ts";
import { toObjectForm } from "../../src/domain/request/objectForm.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Failure } from "../failures.ts";
import { unifiedDiff } from "../output/diff.ts";
import { planLines } from "../output/plan.ts";
import type { View } from "../output/view.ts";
import { expectUnblocked, type NamedRequest, nameEach } from "../requests/eachObject.ts";
import { onboardingOf } from "../requests/onboarding.ts";
import { readRequests } from "../requests/readFiles.ts";
import { expectFiles, fileFlags } from "../requests/requestFlags.ts";
import { withFileLocations } from "../requests/withFileLocations.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Shows what `apply` would change: the object as it is and as it would be, then the plan without the steps that change nothing. Writes nothing. The exit code is 0 if nothing would change, 1 if something would, and 5 if a request is refused or blocked, so that 1 has one meaning, as in kubectl.",
  operands: [],
  flags: fileFlags,
  examples: ["diff -f team-a.yaml", "diff -f teams -R -o name"],
  isPatient: true,
  async run(session, { filename, recursive }) {
    expectFiles(filename, "diff");
    const objects = nameEach(
      await readRequests(filename, { isRecursive: recursive, say: session.say, command: "diff" }),
    );
    const compared: Compared[] = [];
    let isRefused = false;
    for (const object of objects) {
      try {
        compared.push(await compare(session, object));
      } catch (error) {
        if (!(error instanceof Failure) || error.exitCode !== exitCodes.refused) throw error;
        session.report(error);
        isRefused = true;
      }
    }
    const different = compared.filter(({ plan }) => plan.operation === undefined);
    const { stringify } = await import("yaml");
    const print = (request: OnboardingRequest | undefined) =>
      request
        ? stringify(toObjectForm(request), { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().split("\n")
        : [];
    await session.print({
      document: {
        value: compared.map(({ object: { cluster, namespace, where }, plan }) => ({ cluster, namespace, where, plan })),
      },
      names: different.map(({ object: { cluster, namespace } }) => `${cluster}/${namespace}`),
      lines: (view) => different.flatMap((each) => linesOf(each, print, view)),
    });
    if (isRefused) return exitCodes.blocked;
    return different.length > 0 ? exitCodes.refused : exitCodes.done;
  },
});

interface Compared {
  readonly object: NamedRequest;
  readonly plan: Plan;
}

async function compare({ client }: Session, object: NamedRequest): Promise<Compared> {
  const { call } = onboardingOf(object.request, { takeOver: false });
  const plan = await withFileLocations([object], () => client.plan(call, ["steps", "blocked"]));
  expectUnblocked(plan, object.where);
  return { object, plan };
}

function linesOf(
  { object: { cluster, namespace, where }, plan }: Compared,
  print: (request: OnboardingRequest | undefined) => readonly string[],
  view: View,
): readonly string[] {
  const { request, replaces, steps } = plan;
  const name = `${cluster}/${namespace}`;
  const changing = steps.filter(({ action }) => action !== "none");
  return [
    ...unifiedDiff(print(replaces), print(request), { names: [replaces ? name : "/dev/null", where], view }),
    ...planLines(name, { ...plan, steps: changing }, view),
    "",
  ];
}
