/** The walk over all resources against what orchestrations actually called: the steps and undos of every recorded history. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { knownOf, plannedSteps } from "../../src/application/process/programs.ts";
import { undoStages, undoStep } from "../../src/application/process/undoStages.ts";
import { identityName, namespaceKey } from "../../src/domain/naming/names.ts";
import { Migration, PerhapsModes, readModes } from "../../src/domain/operation/migration.ts";
import type { OperationKind } from "../../src/domain/operation/operation.ts";
import { programOf } from "../../src/domain/operation/program.ts";
import { Resumption } from "../../src/domain/operation/resumption.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { historiesFolder, type KeptHistory, recordedFiles } from "../proof/support/histories.ts";

const textOf = ({ name, target }: { readonly name: string; readonly target: string }) => `${name} ${target}`;

const kinds: Readonly<Record<string, OperationKind>> = {
  onboardNamespace: "onboard",
  changeNamespace: "change",
  offboardNamespace: "offboard",
  repairNamespace: "repair",
  migrateNamespace: "migrate",
  migrateBack: "migrate",
  compensateOperation: "compensate",
};

const Input = z.object({
  request: OnboardingRequest,
  earlier: OnboardingRequest.optional(),
  endsFirst: z.boolean().optional(),
  takesOver: z.boolean().optional(),
  migration: Migration.optional(),
  ...PerhapsModes.shape,
  compensates: z.object({ undos: z.array(z.string()) }).optional(),
  /** For a resumed operation: what an earlier run had begun. */
  resumed: Resumption.optional(),
});
type Input = z.infer<typeof Input>;

const Call = z.object({
  functionName: z.string(),
  input: z.looseObject({
    createdBy: z.string().optional(),
    serviceAccount: z.string().optional(),
    server: z.string().optional(),
    database: z.object({ server: z.string(), database: z.string() }).optional(),
    target: z.union([z.string(), z.object({ target: z.string() })]).optional(),
  }),
});

/** Written down here a second time: which steps an activity contains, and which activities are not steps. */
const together: Readonly<Record<string, readonly string[]>> = {
  prepareNamespace: ["ensureIdentity", "applyNamespace"],
  connectWorkload: ["applyServiceAccount", "federateIdentity"],
  verifyAndConclude: ["verify"],
  announceStart: [],
  settleApproval: [],
  recordOutcome: [],
  announceUndos: [],
  handOver: [],
};
const ofIdentity = [
  ...["ensureIdentity", "removeIdentity", "federateIdentity", "unfederateIdentity", "returnCredential"],
  ...["bindIdentity", "unbindIdentity", "returnIdentityBinding"],
];

interface Recorded {
  readonly step: string;
  readonly isUndo: boolean;
}

function recorded({ actions }: KeptHistory, { request }: Input): readonly Recorded[] {
  return actions.flatMap((text) => {
    const { data } = Call.safeParse(JSON.parse(text));
    if (!data) return [];
    const { functionName, input } = data;
    const { createdBy, database, serviceAccount, server } = input;
    const named = typeof input.target === "object" ? input.target.target : input.target;
    return (together[functionName] ?? [functionName]).map((name) => {
      const ofAccount = name.startsWith("retire") && serviceAccount !== undefined;
      const ofNamespace = ofAccount ? `${namespaceKey(request)}/${serviceAccount}` : namespaceKey(request);
      const target = ofIdentity.includes(name) ? identityName(request) : ofNamespace;
      const key = database ? `${database.server}/${database.database}` : (named ?? server ?? target);
      return { step: `${name} ${key}`, isUndo: createdBy !== undefined };
    });
  });
}

function inputOf({ history }: KeptHistory): Input {
  const started = history.find((event) => typeof event["Input"] === "string" && typeof event["Name"] === "string");
  return Input.parse(JSON.parse(String(started?.["Input"])));
}

const runs = recordedFiles().flatMap(({ release, file }) =>
  (JSON.parse(readFileSync(join(historiesFolder, release, file), "utf8")) as readonly KeptHistory[]).flatMap(
    (kept, index) => {
      const kind = kinds[kept.orchestration];
      return kind ? [{ name: `${release} ${file} ${index} ${kept.orchestration}`, kind, kept }] : [];
    },
  ),
);

it("has several histories of every kind", () => {
  const counted = Map.groupBy(runs, ({ kind }) => kind);

  for (const kind of Object.values(kinds)) expect(counted.get(kind)?.length, kind).toBeGreaterThan(3);
});

it.each(runs)("$name", ({ kind, kept }) => {
  const input = inputOf(kept);
  const { request, earlier, endsFirst, resumed } = input;
  const program = programOf({ kind, takesOver: input.takesOver, endsFirst });
  const course = { kind, program, request, earlier, modeBeside: readModes(request, input), migration: input.migration };
  const undos = input.compensates?.undos.flatMap((undo) => undoStep(request, undo) ?? []);
  const calls = recorded(kept, input);
  // Azure, and not the request, decides which servers' administrators are set; what was found, whether anything is left over.
  const found = calls.map(({ step }) => stepOf(step));
  const known = { ...knownOf(found), undos };
  const planned = plannedSteps(course, known).map(textOf);
  const forward = calls.filter(({ isUndo }) => isUndo === (kind === "compensate")).map(({ step }) => step);
  // An undo that waits for its authentication runs again, but counts where it first ran.
  const undone = [...new Set(calls.filter(({ isUndo }) => isUndo && kind !== "compensate").map(({ step }) => step))];

  expect(forward.filter((step) => !planned.includes(step))).toEqual([]);
  // An operation that was not undone and did not fail ran all planned steps.
  const isWhole = resumed === undefined && undone.length === 0;
  if (isWhole && hasSucceeded(kept)) expect(planned.filter((step) => !forward.includes(step))).toEqual([]);

  const begun = undoStages(course, known).filter(({ steps }) =>
    steps.some((name) => forward.some((step) => step.startsWith(`${name} `))),
  );
  const text = (names: readonly string[]) => names.map((name) => textOf(undoStep(request, name) ?? none));
  const before = [...(resumed?.migration?.undos ?? []), ...(resumed?.undos ?? [])];
  const all = text([...new Set([...before, ...begun.flatMap((stage) => stage.undos)])].toReversed());
  const phase = begun.at(-1)?.phase;
  const last = text(begun.flatMap((stage) => (stage.phase === phase ? stage.undos : [])).toReversed());
  // A migration that fails by itself undoes only the phase in which it failed; anything else undoes all that has begun.
  if (undone.length > 0) expect([all, ...(kind === "migrate" ? [last] : [])]).toContainEqual(undone);
});

function stepOf(text: string) {
  const [name = "", target = ""] = text.split(" ");
  return { name, target };
}

const none = { name: "nothing", target: "" };

function hasSucceeded({ actions }: KeptHistory): boolean {
  return !actions.some((text) => text.includes('"functionName":"recordOutcome"') && text.includes('"status":"Failed"'));
}
