/** What keeps access on a target from having an effect: as an obstacle before it is given, and as a finding later. */
import { type Finding, finding } from "../../domain/finding.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { noticeIfForbidden, unlessForbidden } from "../definitions/unlessForbidden.ts";
import { type AnyPlace, targetAt } from "./families.ts";

interface Judged {
  readonly place: AnyPlace;
  /** The alias. */
  readonly target: string;
}

export async function obstaclesAt(ports: Ports, { place, target }: Judged): Promise<Obstacles> {
  return await noticeIfForbidden("TARGET_UNSEEN", async () => {
    const unmet = await targetAt(place).unmet(ports);
    switch (unmet?.is) {
      case undefined:
        return {};
      case "gone": {
        const message = `Azure has no resource ${unmet.resource} (target "${target}").`;
        return { blockers: [toOperationError("TARGET_MISSING", message)] };
      }
      case "withoutRoles": {
        const { property, resource } = unmet;
        const message = `Roles have no effect on target "${target}": ${property} of ${resource} is not true.`;
        return { blockers: [toOperationError("TARGET_WITHOUT_ROLES", message)] };
      }
    }
  });
}

/** Empty, too, where Mooring may not look: what it may read says whether the access is granted. */
export async function findUnmet(ports: Ports, { place, target }: Judged): Promise<readonly Finding[]> {
  const unmet = await unlessForbidden(() => targetAt(place).unmet(ports));
  switch (unmet?.is) {
    case undefined:
      return [];
    case "gone":
      return [finding("TARGET_GONE", target, { field: "resource", expected: unmet.resource, found: null })];
    case "withoutRoles":
      return [finding("ROLES_IGNORED", target, { field: unmet.property, expected: "true", found: unmet.found })];
  }
}
