/** One change for each of several objects, reported as kubectl does: `namespaceonboarding/shop configured`. */

import { defined } from "../../src/domain/defined.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { namedIn, kind as ownKind } from "../../src/domain/request/objectForm.ts";
import { exitCodes, Failure, NotPossible, Refused, UsageError } from "../failures.ts";
import type { Session } from "../session.ts";
import { exitCodeOf, waitForEnd } from "../wait.ts";
import type { Written } from "./readFiles.ts";

/** An object that a file or the command line names. */
export interface Named {
  readonly cluster: string;
  readonly namespace: string;
  /** The object's name, which may differ from the namespace's. */
  readonly name: string;
  readonly where: string;
}

export type NamedRequest = Named & Written;

/** Reads only which object each request is about; the service reads the rest. */
export function nameEach(written: readonly Written[]): readonly NamedRequest[] {
  const before = new Map<string, string>();
  return written.map(({ request, where }) => {
    const { cluster, namespace } = namedIn(request);
    if (typeof cluster !== "string" || typeof namespace !== "string") {
      throw new UsageError(`${where} does not name a cluster and a namespace.`, {
        next: [
          "Write spec.cluster, and metadata.namespace or metadata.name; in a plain request, cluster and namespace.",
        ],
      });
    }
    const fullName = `${cluster}/${namespace}`;
    const other = before.get(fullName);
    if (other !== undefined)
      throw new UsageError(`${fullName} is in ${other} and again in ${where}; keep one of them.`);
    before.set(fullName, where);
    return { request, where, cluster, namespace, name: nameIn(request) ?? namespace };
  });
}

function nameIn(request: object): string | undefined {
  const { metadata } = { metadata: undefined, ...request } as { metadata?: { name?: unknown } | null | undefined };
  return typeof metadata?.name === "string" ? metadata.name : undefined;
}

export interface Changed {
  /** In kubectl's terms: created, configured, unchanged, deleted. */
  readonly word: string;
  /** The id of the operation that makes the change; missing in a dry run. */
  readonly operation?: string;
  /** The operation has already made the change. */
  readonly isDone?: boolean;
}

interface Way<Item extends Named> {
  readonly isDryRun: boolean;
  /** Undefined when there is nothing to report. */
  change(item: Item): Promise<Changed | undefined>;
}

interface ReportedChange extends Changed {
  readonly item: Named;
}

/**
 * Sends them one after the other. As in kubectl, a refusal of one is reported and the others continue; a failure that would hit
 * all of them stops the run. With --wait, a change is reported once its operation has succeeded.
 */
export async function changeEach<Item extends Named>(
  session: Session,
  items: readonly Item[],
  { isDryRun, change }: Way<Item>,
): Promise<number> {
  const describe = describerFor(items);
  const isWhole = session.format === "json" || session.format === "yaml";
  const sent: ReportedChange[] = [];
  const pending = new Set<ReportedChange>();
  let code: number = exitCodes.done;
  try {
    for (const item of items) {
      try {
        const changed = await change(item);
        if (!changed) continue;
        const each = { ...changed, item };
        sent.push(each);
        if (session.isWaiting && each.operation !== undefined && !each.isDone) pending.add(each);
        else if (!isWhole) await print(session, describe, each, isDryRun);
      } catch (error) {
        if (!(error instanceof Failure) || !isOfOne(error)) throw error;
        session.report(error);
        code = error.exitCode;
      }
    }
    for (const each of [...pending]) {
      if (await hasSucceeded(session, each, describe)) {
        pending.delete(each);
        if (!isWhole) await print(session, describe, each, isDryRun);
      } else code = exitCodes.refused;
    }
  } finally {
    const value = sent.map((each) => documentOf(each, { isPending: pending.has(each) }));
    if (isWhole) await session.print({ document: { value }, names: [], lines: () => [] });
  }
  if (session.isWaiting) return code;
  const [only, ...more] = sent.flatMap(({ operation, isDone }) => (isDone ? [] : (operation ?? [])));
  if (only !== undefined)
    session.say(`To follow ${more.length === 0 ? `it: mooring watch ${only}` : "them: mooring watch"}`);
  return code;
}

/** Whether the failure concerns this object only, and not the caller, the service or the moment. */
function isOfOne(error: Failure): boolean {
  if (error instanceof NotPossible) return true;
  return error instanceof Refused && error.problem.status < 500 && ![401, 429].includes(error.problem.status);
}

async function print(
  session: Session,
  describe: (item: Named) => string,
  reported: ReportedChange,
  isDryRun: boolean,
): Promise<void> {
  const { item, word, operation = "" } = reported;
  await session.print({
    document: documentOf(reported),
    names: [`${item.cluster}/${item.namespace}`],
    lines: ({ isWide }) => [
      `${describe(item)} ${word}${isDryRun ? " (dry run)" : ""}${isWide ? `  ${operation}` : ""}`,
    ],
  });
}

/** Without the change while it has not been made. */
function documentOf(
  { item: { cluster, namespace, name, where }, word, operation }: ReportedChange,
  { isPending = false } = {},
) {
  return { cluster, namespace, name, where, ...defined({ change: isPending ? undefined : word, operation }) };
}

/** kubectl shows the name alone; with several clusters that would be ambiguous. */
function describerFor(items: readonly Named[]): (item: Named) => string {
  const isOfSeveral = new Set(items.map(({ cluster }) => cluster)).size > 1;
  return ({ name, cluster }) => `${ownKind.toLowerCase()}/${name}${isOfSeveral ? ` in ${cluster}` : ""}`;
}

async function hasSucceeded(
  session: Session,
  { item, operation = "" }: ReportedChange,
  describe: (item: Named) => string,
): Promise<boolean> {
  const ended = await waitForEnd(session, operation, { isShownElsewhere: false });
  if (exitCodeOf(ended) === exitCodes.done) return true;
  const { error } = ended;
  const why = error ? `: ${error.code}: ${error.message}` : ` ended as ${ended.status}`;
  session.report(new NotPossible(`${describe(item)}${why}`, { next: [`mooring status ${operation}`] }));
  return false;
}

/** Throws what blocks the plan, since a blocked plan does not show what it would change. */
export function expectUnblocked({ blocked, steps }: Plan, what: string): void {
  if (!blocked) return;
  const blockers = steps.flatMap(({ blockers: found }) => found);
  const [first] = blockers;
  const why = blockers.map(({ code, message }) => `${code}: ${message}`).join(" ");
  throw new NotPossible(`${what} is blocked: ${why}`, { next: first ? [first.fix] : [] });
}
