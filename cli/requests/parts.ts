/**
 * More requests than a batch may have are sent as several, which are one to the user: the service has found nothing wrong with any
 * before the first is sent, and all are followed together.
 */

import { defined } from "../../src/domain/defined.ts";
import type { BatchPlan } from "../../src/domain/operation/batch.ts";
import { UsageError } from "../failures.ts";
import type { Session } from "../session.ts";
import { nameEach } from "./eachObject.ts";
import type { Asked } from "./requestFlags.ts";
import { withFileLocations } from "./withFileLocations.ts";

/** What the service takes as one batch. */
export const mostOfBatch = { requests: 1_000, bytes: 1024 * 1024 };

export type Part = Pick<Asked, "requests" | "written" | "adoptIdentity">;

const route = "POST /api/onboardings/batch";
export const callOf = ({ requests, adoptIdentity }: Part, ifMatch?: string) =>
  ({ route, query: defined({ adoptIdentity }), body: { requests }, ifMatch }) as const;

export function split({ requests, written, ...asked }: Part): readonly Part[] {
  const parts: { from: number; bytes: number }[] = [];
  const outside = Buffer.byteLength(JSON.stringify({ requests: [] }));
  requests.forEach((request, index) => {
    const bytes = Buffer.byteLength(JSON.stringify(request)) + 1;
    const last = parts.at(-1);
    if (last && index - last.from < mostOfBatch.requests && last.bytes + bytes <= mostOfBatch.bytes)
      last.bytes += bytes;
    else parts.push({ from: index, bytes: outside + bytes });
  });
  return parts.map(({ from }, index) => {
    const to = parts[index + 1]?.from;
    return { ...asked, requests: requests.slice(from, to), written: written.slice(from, to) };
  });
}

/** Throws what is wrong with any request, before anything is sent. */
export async function checkParts(session: Session, parts: readonly Part[], ifMatch: string | undefined): Promise<void> {
  if (ifMatch !== undefined)
    throw new UsageError(`--if-match is the version of one plan, and these are ${parts.length} batches.`);
  // The service sees a part at a time.
  nameEach(parts.flatMap(({ written }) => written));
  for (const [index, part] of parts.entries()) {
    session.say(`Checking part ${index + 1} of ${parts.length}: ${part.requests.length} requests.`);
    const call = callOf(part);
    const checking = { ...call, query: { ...call.query, checkOnly: "true" }, isPatient: true };
    await withFileLocations(part.written, () => session.client.text(checking));
  }
}

/** Says what has begun, if one of several cannot be sent. */
export async function sendEach<C, T extends { readonly id: string }>(
  session: Pick<Session, "say">,
  calls: readonly C[],
  send: (call: C) => Promise<T>,
): Promise<readonly T[]> {
  const sent: T[] = [];
  try {
    for (const call of calls) sent.push(await send(call));
    return sent;
  } catch (error) {
    for (const { id } of sent) session.say(`A part was accepted: mooring status ${id}`);
    if (sent.length > 0) session.say("The same file again continues, and begins nothing twice.");
    throw error;
  }
}

/** As one plan; how long all of them take is said of one batch only. */
export function joinPlans(plans: readonly BatchPlan[]): BatchPlan {
  const [only, ...more] = plans;
  if (only && more.length === 0) return only;
  const items = plans.flatMap((plan) => plan.items).map((item, index) => ({ ...item, index }));
  const count = (status: string) => items.filter((item) => item.status === status).length;
  const totals = {
    requests: items.length,
    ready: count("ready"),
    blocked: count("blocked"),
    refused: count("refused"),
    notPlanned: count("notPlanned"),
  };
  return { totals, items };
}
