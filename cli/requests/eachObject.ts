/** One change for each of several objects, told as kubectl tells it: `namespaceonboarding/shop configured`. */
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
  /** Of the object, which is not always the namespace's. */
  readonly name: string;
  readonly where: string;
}

export type NamedRequest = Named & Written;

/** Of what was written, only who is meant; all else is for the service to read. */
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
    const berth = `${cluster}/${namespace}`;
    const other = before.get(berth);
    if (other !== undefined) throw new UsageError(`${berth} is in ${other} and again in ${where}; keep one of them.`);
    before.set(berth, where);
    return { request, where, cluster, namespace, name: nameIn(request) ?? namespace };
  });
}

function nameIn(request: object): string | undefined {
  const { metadata } = { metadata: undefined, ...request } as { metadata?: { name?: unknown } | null | undefined };
  return typeof metadata?.name === "string" ? metadata.name : undefined;
}

export interface Changed {
  /** As kubectl has it: created, configured, unchanged, deleted. */
  readonly word: string;
  /** That does it; none of a dry run. */
  readonly operation?: string;
  /** The operation has done it before. */
  readonly isDone?: boolean;
}

interface Way<Item extends Named> {
  readonly isDryRun: boolean;
  /** Undefined when nothing is to be told of it. */
  change(item: Item): Promise<Changed | undefined>;
}

interface ReportedChange extends Changed {
  readonly item: Named;
}

/**
 * One after the other. What is refused of one is told, and the others go on, as kubectl does; what would be the same for all
 * of them ends it.
 */
export async function changeEach<Item extends Named>(
  session: Session,
  items: readonly Item[],
  { isDryRun, change }: Way<Item>,
): Promise<number> {
  const describe = describerFor(items);
  const isWhole = session.format === "json" || session.format === "yaml";
  const told: ReportedChange[] = [];
  let code: number = exitCodes.done;
  try {
    for (const item of items) {
      try {
        const changed = await change(item);
        if (!changed) continue;
        told.push({ ...changed, item });
        if (!isWhole) await print(session, describe, { ...changed, item }, isDryRun);
      } catch (error) {
        if (!(error instanceof Failure) || !isOfOne(error)) throw error;
        session.tell(error);
        code = error.exitCode;
      }
    }
  } finally {
    if (isWhole) await session.print({ document: { value: told.map(documentOf) }, names: [], lines: () => [] });
  }
  const followed = told.flatMap(({ operation, isDone }) => (isDone ? [] : (operation ?? [])));
  if (session.isWaiting) return Math.max(code, await waitForAll(session, told, describe));
  const [only, ...more] = followed;
  if (only !== undefined)
    session.say(`To follow ${more.length === 0 ? `it: mooring watch ${only}` : "them: mooring watch"}`);
  return code;
}

/** Another caller, another moment or another service would not have been told so. */
function isOfOne(error: Failure): boolean {
  if (error instanceof NotPossible) return true;
  return error instanceof Refused && error.problem.status < 500 && ![401, 429].includes(error.problem.status);
}

async function print(
  session: Session,
  describe: (item: Named) => string,
  told: ReportedChange,
  isDryRun: boolean,
): Promise<void> {
  const { item, word, operation = "" } = told;
  await session.print({
    document: documentOf(told),
    names: [`${item.cluster}/${item.namespace}`],
    lines: ({ isWide }) => [
      `${describe(item)} ${word}${isDryRun ? " (dry run)" : ""}${isWide ? `  ${operation}` : ""}`,
    ],
  });
}

function documentOf({ item: { cluster, namespace, name, where }, word, operation }: ReportedChange) {
  return { cluster, namespace, name, where, change: word, ...(operation === undefined ? {} : { operation }) };
}

/** kubectl leaves out the namespace; of several clusters the name alone would not say which is meant. */
export function describerFor(items: readonly Named[]): (item: Named) => string {
  const isOfSeveral = new Set(items.map(({ cluster }) => cluster)).size > 1;
  return ({ name, cluster }) => `${ownKind.toLowerCase()}/${name}${isOfSeveral ? ` in ${cluster}` : ""}`;
}

async function waitForAll(
  session: Session,
  told: readonly ReportedChange[],
  describe: (item: Named) => string,
): Promise<number> {
  let code: number = exitCodes.done;
  for (const { item, operation, isDone } of told) {
    if (operation === undefined || isDone) continue;
    const ended = await waitForEnd(session, operation, { isShownElsewhere: false });
    if (exitCodeOf(ended) === exitCodes.done) continue;
    const { error } = ended;
    const why = error ? `: ${error.code}: ${error.message}` : ` ended as ${ended.status}`;
    session.tell(new NotPossible(`${describe(item)}${why}`, { next: [`mooring status ${operation}`] }));
    code = exitCodes.refused;
  }
  return code;
}

/** What stands in the way of a plan; then there is no telling what it would change. */
export function expectUnblocked({ blocked, steps }: Plan, what: string): void {
  if (!blocked) return;
  const blockers = steps.flatMap(({ blockers: found }) => found);
  const [first] = blockers;
  const why = blockers.map(({ code, message }) => `${code}: ${message}`).join(" ");
  throw new NotPossible(`${what} is blocked: ${why}`, { next: first ? [first.fix] : [] });
}
