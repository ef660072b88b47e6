/**
 * Defects that Mooring had, each put back into its source while the worlds look for it (plantSource.ts): the seed of a world that
 * showed one is no proof once the code makes other calls. One that too few worlds show has a test of its part instead (partDefects.ts), which fails
 * with it. Nothing here may import the source.
 */
import type { WorldChanges } from "./simulate.ts";
import { edit, type PlantedDefect } from "./sourceEdits.ts";
import type { World } from "./world.ts";

export interface OldDefect extends PlantedDefect {
  /** The worlds in which it may show; all by default. */
  readonly among?: (world: World) => boolean;
  readonly changes?: WorldChanges;
}

const migrates = ({ roamDice, request }: World) => roamDice !== undefined || request.identityMode === "podIdentity";

const leftBehind = /left behind|still there/;

export const oldDefects: Readonly<Record<string, OldDefect>> = {
  "a duplicate of the request that fills its team's quota is refused": {
    edits: edit(
      "src/application/admission/admission.ts",
      "      if (await registry.getNamespace(record)) return false;\n",
      "",
    ),
    finds: /the same request got .*QUOTA_EXCEEDED/,
  },
  "a take-over that is sent twice is told that another operation runs": {
    edits: edit("src/application/admission/claim.ts", "(!takeOver || isRunningTakeOver(current, wanted))", "!takeOver"),
    changes: { moreActs: 4 },
    finds: /the same request got .*OPERATION_IN_PROGRESS/,
    from: 450,
  },
  "an offboarding after a migration that stopped half-way leaves the migration's service account": {
    edits: edit(
      "src/domain/operation/launch.ts",
      "const modes = recordModes(request, besideOf(request, migration));",
      "const modes = { isMigrating: false };",
    ),
    among: migrates,
    changes: { moreActs: 2 },
    finds: leftBehind,
  },
  "a repair in the middle of a migration shows a step that it never takes": {
    edits: edit(
      "src/application/process/programs.ts",
      '...(operation.modeBeside && !known.hasLeftovers ? [] : [alone("tidy", "removeLeftovers", operation)]),',
      'alone("tidy", "removeLeftovers", operation),',
    ),
    among: migrates,
    changes: { moreActs: 2 },
    finds: /step removeLeftovers \S+ is undefined/,
  },
  "a target whose part takes not every word stays when the catalog drops it": {
    edits: edit(
      "src/domain/targets/namedTarget.ts",
      "return PlaceOfTarget.safeParse(remembered).data;",
      'return "subscription" in remembered ? undefined : PlaceOfTarget.safeParse(remembered).data;',
    ),
    among: ({ roleTargets }) => "paid" in roleTargets,
    changes: { moreActs: 4 },
    // What no place tells goes with the identity, and no step says so.
    finds:
      /(left behind|still there): role paid|role paid .* was taken away, and its steps say|does not ask for: \S+\/paid\//,
  },
  "a role of the identity with Mooring's mark counts as given, wherever it is": {
    edits: edit(
      "src/resources/identity/resource.ts",
      "surplus: [surplusRoles, earlierIdentities],",
      "surplus: [earlierIdentities],",
    ),
    among: ({ targetDice }) => targetDice !== undefined,
    changes: { deed: "gives the identity a role with Mooring's mark elsewhere", moreActs: 4 },
    finds: /Mooring gave a role that the request does not ask for/,
  },
  "a copied description makes somebody's role Mooring's": {
    edits: edit(
      "src/resources/definitions/recordedMark.ts",
      'if (mark.berth !== namespaceKey(namespaceRef)) return "others";',
      'if (Boolean(mark)) return mark.berth === namespaceKey(namespaceRef) ? "ours" : "others";',
    ),
    among: ({ targetDice }) => targetDice !== undefined,
    changes: { deed: "copies a role with its description to somebody", moreActs: 4 },
    finds: /removed, and not Mooring.s: role/,
  },
  "a way back whose end is recorded twice takes the namespace's record with it": {
    edits: edit(
      "src/application/operation/concludeOperation.ts",
      "if (record.operation !== input.operation || !isHeld(record)) return undefined;",
      "if (record.operation !== input.operation) return undefined;",
    ),
    among: migrates,
    changes: { twice: 0.4, moreActs: 4 },
    finds: /the namespace's record is undefined, not Onboarded/,
  },
};
