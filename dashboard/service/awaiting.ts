/** How many requests wait for the caller's approval; every page shows it. */

import { effect, signal } from "@preact/signals";
import type { AwaitingPage } from "../../src/domain/documents/operation.ts";
import { addressOf } from "./address.ts";
import { get } from "./client.ts";
import { observe } from "./live.ts";
import { gate, isIn } from "./session.ts";

export type Awaiting = AwaitingPage["value"][number];

/** Undefined until it is known, and for callers who may not approve. */
export const awaitingCount = signal<string | undefined>(undefined);

let timer: ReturnType<typeof setTimeout> | undefined;

/** Groups many events into one call. */
function lookSoon(): void {
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    void look();
  }, 500);
}

async function look(): Promise<void> {
  if (gate.peek() !== "open" || !isIn("Onboarding.Approve")) {
    awaitingCount.value = undefined;
    return;
  }
  try {
    const { value, nextLink } = await get(addressOf({ route: "GET /api/approvals", query: { top: "50" } }));
    awaitingCount.value = `${value.length}${nextLink === undefined ? "" : "+"}`;
  } catch {
    // The page already says when the service is not responding; an unknown number is not shown.
    awaitingCount.value = undefined;
  }
}

effect(() => {
  if (gate.value === "open") lookSoon();
});
observe(({ event }) => {
  if (event === "operation" || event === "end") lookSoon();
});
