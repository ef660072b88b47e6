/** What to do about an error, as commands. */

import type { Words } from "../../src/domain/errors/fix.ts";
import { actsFor, fixOf, isErrorCode, type Situation } from "../../src/domain/errors.ts";
import type { Fact } from "./facts.ts";

/** What the error is about, as far as that is known; it completes the commands, so that they can be copied. */
export interface Subject {
  readonly operation?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly filter?: string;
}

export function commandsFor({ operation = "<operation>", cluster, namespace, filter }: Subject = {}): Words {
  const berth = cluster === undefined || namespace === undefined ? "<cluster/namespace>" : `${cluster}/${namespace}`;
  return {
    catalog: "mooring catalog",
    namespaces: filter === undefined ? "mooring list" : `mooring list --filter ${filter}`,
    operations: "mooring list operations",
    events: "mooring watch",
    operation: `mooring status ${operation}`,
    failedItems: `mooring status ${operation}`,
    compensate: `mooring compensate ${operation}`,
    repair: `mooring repair ${berth}`,
    migrate: `mooring migrate ${berth}`,
    migrateBack: `mooring migrate ${berth} --to podIdentity`,
    offboard: `mooring offboard ${berth}`,
    takeOver: "--take-over",
    adoptIdentity: "--adopt-identity <its client ID>",
    dryRun: "--dry-run",
    confirmRemoval: "--yes",
    ignoreDependants: "--ignore-dependants",
    team: "--team <name>",
    credential: "MOORING_KEY, MOORING_TOKEN or MOORING_AUDIENCE",
    reference: "--help",
  };
}

export interface RenderedFix {
  readonly fix: string;
  /** A complete command to run next. */
  readonly next?: string;
}

/** Keeps the service's own words when they are specific to this case or come from another version. */
export function renderFix(
  { code, fix }: { readonly code: string; readonly fix: string },
  situation: Situation,
  subject?: Subject,
): RenderedFix {
  if (!isErrorCode(code)) return { fix };
  const words = commandsFor(subject);
  const next = actsFor(code).map((act) => words[act]);
  if (fix !== fixOf(code, situation)) return withNext(fix, next[0]);
  return withNext(
    fixOf(code, situation, words),
    next.find((each) => each.startsWith("mooring ") && !each.includes("<")),
  );
}

export function fixFacts(...error: Parameters<typeof renderFix>): readonly Fact[] {
  const { fix, next } = renderFix(...error);
  return [
    ["fix", fix],
    ["next", next, "whole"],
  ];
}

function withNext(fix: string, next: string | undefined): RenderedFix {
  return next === undefined ? { fix } : { fix, next };
}
