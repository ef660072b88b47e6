/** Before a namespace loses what a request leaves out, the person is asked; a script has to say --yes (docs/adr/0022). */

import type { BatchPlan } from "../../src/domain/operation/batch.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { describeLosses } from "../../src/domain/request/lossText.ts";
import { NotPossible, Refused } from "../failures.ts";
import { printable } from "../output/printable.ts";
import { confirmed, type Person, personHere } from "../question.ts";
import type { Call } from "../service/client.ts";
import type { Session } from "../session.ts";
import { sendEach } from "./parts.ts";

type Onboarding = Call<"POST /api/onboardings">;
type BatchOnboarding = Call<"POST /api/onboardings/batch">;

export interface Removal {
  /** Whether the user has agreed in advance. */
  readonly isConfirmed: boolean;
  readonly person?: Person | undefined;
}

/**
 * Sends the call with `send`; undefined when the person declines. The service refuses what would remove access unless it has a
 * sign, and a version is one: so if the user names a version, this looks first.
 */
export async function sendAsking<T>(
  session: Session,
  { call, name }: { readonly call: Onboarding; readonly name: string },
  { isConfirmed, person = personHere() }: Removal,
  send: (call: Onboarding) => Promise<T>,
): Promise<T | undefined> {
  const refused = isConfirmed || call.ifMatch === undefined ? await refusalOf(() => send(call)) : undefined;
  if (refused && "answer" in refused) return refused.answer;
  if (isConfirmed) return await send(withSign(call));
  if (refused && !person) throw refused.error;
  const plan = await session.client.plan(call, ["steps"]);
  const losses = lossesIn([{ name, plan }]);
  if (losses.length === 0) return await send(call);
  const agreed = await agree(session, losses, { person, question: `onboard ${name} and remove this?` });
  return agreed ? await send({ ...withSign(call), ifMatch: call.ifMatch ?? plan.etag }) : undefined;
}

/** A batch shows what it removes only in its items, so a person sees the plans of all before the first is sent. */
export async function sendBatchesAsking<T extends { readonly id: string }>(
  session: Session,
  calls: readonly BatchOnboarding[],
  { isConfirmed, person = personHere() }: Removal,
  send: (call: BatchOnboarding) => Promise<T>,
): Promise<readonly T[] | undefined> {
  if (isConfirmed) return await sendEach(session, calls.map(withSign), send);
  if (!person && calls.every(({ ifMatch }) => ifMatch === undefined)) return await sendEach(session, calls, send);
  const plans: BatchPlan[] = [];
  for (const call of calls) plans.push(await session.client.plan(call, ["totals", "items"]));
  const items = plans.flatMap((plan) => plan.items);
  const losses = lossesIn(items.map(({ cluster, namespace, plan }) => ({ name: `${cluster}/${namespace}`, plan })));
  if (losses.length === 0) return await sendEach(session, calls, send);
  const agreed = await agree(session, losses, { person, question: "onboard them and remove this?" });
  const seen = calls.map((call, index) => ({ ...withSign(call), ifMatch: call.ifMatch ?? plans[index]?.etag }));
  return agreed ? await sendEach(session, seen, send) : undefined;
}

/** One line for each namespace that would lose something. */
function lossesIn(plans: readonly { readonly name: string; readonly plan?: Plan | undefined }[]): readonly string[] {
  return plans.flatMap(({ name, plan }) => {
    const { removes = [] } = plan ?? {};
    return removes.length === 0 ? [] : [describeLosses(name, removes)];
  });
}

async function agree(
  session: Session,
  losses: readonly string[],
  { person, question }: { readonly person: Person | undefined; readonly question: string },
): Promise<boolean> {
  if (!person) {
    throw new NotPossible(losses.map(printable).join(" "), {
      next: ["--yes, if this is meant", "--dry-run shows the plan"],
    });
  }
  for (const loss of losses) session.say(printable(loss));
  return await confirmed(session, question, person);
}

async function refusalOf<T>(send: () => Promise<T>): Promise<{ readonly answer: T } | { readonly error: Refused }> {
  try {
    return { answer: await send() };
  } catch (error) {
    if (error instanceof Refused && error.problem.code === "REMOVAL_NOT_CONFIRMED") return { error };
    throw error;
  }
}

function withSign<C extends Onboarding | BatchOnboarding>(call: C): C {
  return { ...call, query: { ...call.query, confirmRemoval: "true" } };
}
