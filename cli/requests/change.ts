/** Plans a request that starts an operation, or sends it, and with --wait follows it to its end. */
import type { BeginRoute, ChangeRoute } from "../../clients/api.ts";
import type { AcceptedDocument } from "../../src/domain/documents/accepted.ts";
import type { BatchPlan } from "../../src/domain/operation/batch.ts";
import { exitCodes, Interrupted, TimedOut } from "../failures.ts";
import { batchPlanLines } from "../output/batchPlan.ts";
import { planLines } from "../output/plan.ts";
import type { Beginning, Call } from "../service/client.ts";
import type { Session } from "../session.ts";
import { waitAndPrint, waitAndPrintAll } from "../wait.ts";
import { callOf, checkParts, joinPlans, type Part, split } from "./parts.ts";
import { type Removal, sendBatchesAsking } from "./removal.ts";
import { withFileLocations } from "./withFileLocations.ts";

/** Those that are planned as one operation, rather than as a batch. */
type SingleRoute = Exclude<ChangeRoute, `${string}/batch`>;

export interface Change<R extends ChangeRoute = Exclude<BeginRoute, `${string}/batch`>> {
  readonly call: Call<R>;
  /** For people: `offboard aks-dev/team-a`. */
  readonly title: string;
  /** What `-o name` prints for a plan. */
  readonly name: string;
}

export async function change(session: Session, wanted: Change, { isDryRun }: { isDryRun: boolean }): Promise<number> {
  return isDryRun ? await plan(session, wanted) : await start(session, wanted);
}

/** Changes nothing. The exit code also says when the plan is blocked. */
export async function plan(session: Session, { call, title, name }: Change<SingleRoute>): Promise<number> {
  const document = await session.client.plan(call, ["steps", "blocked"]);
  await session.print({ document, names: [name], lines: (view) => planLines(title, document, view) });
  return document.blocked ? exitCodes.refused : exitCodes.done;
}

export async function planBatch(session: Session, asked: Part & { readonly ifMatch?: string | undefined }) {
  const parts = split(asked);
  if (parts.length > 1) await checkParts(session, parts, asked.ifMatch);
  const plans: BatchPlan[] = [];
  for (const part of parts) {
    const call = { ...callOf(part, asked.ifMatch), ...(parts.length > 1 ? { isPatient: true } : {}) };
    plans.push(await withFileLocations(part.written, () => session.client.plan(call, ["totals", "items"])));
  }
  return await printBatchPlan(session, joinPlans(plans));
}

/** Onboards what the requests ask for as one batch, or as several if they are too many for one. */
export async function startBatch(
  session: Session,
  asked: Part & { readonly ifMatch: string | undefined },
  removal: Removal,
): Promise<number> {
  const parts = split(asked);
  if (parts.length > 1) await checkParts(session, parts, asked.ifMatch);
  const calls = parts.map((part) => ({
    ...callOf(part, asked.ifMatch),
    ...(parts.length > 1 ? { isPatient: true } : {}),
  }));
  const accepted = await withFileLocations(parts.length === 1 ? asked.written : undefined, () =>
    sendBatchesAsking(session, calls, removal, (call) => send(session, call)),
  );
  if (!accepted) return exitCodes.refused;
  const [only, ...more] = accepted;
  if (only && more.length === 0) return await followAccepted(session, only, `batch of ${asked.requests.length}`);
  return await followTogether(session, accepted);
}

export async function printBatchPlan(session: Session, document: BatchPlan): Promise<number> {
  const names = document.items.map(({ cluster, namespace }) => `${cluster}/${namespace}`);
  await session.print({ document, names, lines: (view) => batchPlanLines(document, view) });
  const { ready, requests: all } = document.totals;
  return ready === all ? exitCodes.done : exitCodes.refused;
}

export async function start(session: Session, { call, title }: Omit<Change<BeginRoute>, "name">): Promise<number> {
  return await followAccepted(session, await send(session, call), title);
}

/** The same for a request that may remove access: undefined means that the person declined. */
export async function startAsking(
  session: Session,
  { title }: Pick<Change, "title">,
  ask: (send: (call: Beginning) => Promise<AcceptedDocument>) => Promise<AcceptedDocument | undefined>,
): Promise<number> {
  const accepted = await ask((call) => send(session, call));
  return accepted ? await followAccepted(session, accepted, title) : exitCodes.refused;
}

async function send(session: Session, call: Beginning): Promise<AcceptedDocument> {
  try {
    return await session.client.json(call, ["id", "kind"]);
  } catch (error) {
    const next = ["It may have been accepted all the same: mooring list operations"];
    if (error instanceof Interrupted) throw new Interrupted(error.exitCode, { next });
    if (error instanceof TimedOut) throw new TimedOut(error.message, { next, cause: error });
    throw error;
  }
}

async function followTogether(session: Session, accepted: readonly AcceptedDocument[]): Promise<number> {
  const ids = accepted.map(({ id }) => id);
  if (session.isWaiting) return await waitAndPrintAll(session, ids);
  await session.print({ document: { value: accepted }, names: ids, lines: () => ids });
  session.say("To follow them: mooring watch");
  return exitCodes.done;
}

/** Prints the accepted operation; with --wait, how it ended. */
async function followAccepted(session: Session, accepted: AcceptedDocument, title: string): Promise<number> {
  const { id, isNew, message } = accepted;
  // Whoever waits is told once the approval is asked for.
  if (message !== undefined && !(isNew && session.isWaiting)) session.say(message);
  else if (!isNew) session.say("This request was sent before; this is its operation.");
  if (session.isWaiting) return await waitAndPrint(session, id);
  await session.print({ document: accepted, names: [id], lines: ({ paint }) => [`${id}  ${paint("bold", title)}`] });
  session.say(`To follow it: mooring watch ${id}`);
  return exitCodes.done;
}
