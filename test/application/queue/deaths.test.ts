/** A process that dies, or stands still, at any moment of a message's admission. */

import { expect, it } from "vitest";
import { type Incidents, request, World } from "./world.ts";

/** Three messages for a namespace that a fourth holds, with a process that dies at the given call. */
async function liveThrough(isTimerLate: boolean, incidents: Incidents = {}): Promise<World> {
  const world = new World(incidents);
  for (const role of ["reader", "writer", "executor", "reader"]) world.send(request([role]));
  await world.settle({ isTimerLate });
  return world;
}

function expectAllInOrder(lived: World, what: string): void {
  expect(lived.requests(), what).toEqual(["reader", "writer", "executor", "reader"]);
  expect(lived.cloud.operations.size, what).toBe(4);
  expect(lived.startedAgain, what).toEqual([]);
  expect(lived.deadLetters, what).toEqual([]);
}

it.each([
  ["the timer runs in between", false],
  ["the timer is late", true],
])(
  "nothing is lost, begun twice or out of order, whichever call the process dies at, when %s",
  async (_, isTimerLate) => {
    const { calls } = await liveThrough(isTimerLate);
    expect(calls).toBeGreaterThan(50);

    for (let at = 1; at <= calls; at += 1) {
      for (const when of ["before", "after"] as const) {
        const lived = await liveThrough(isTimerLate, { death: { at, when } });
        expectAllInOrder(lived, `died ${when} call ${at}`);
      }
    }
  },
);

it("nothing is lost, begun twice or out of order when another receiver takes a message in the middle of its admission", async () => {
  const { calls } = await liveThrough(false);
  let lostLocks = 0;

  for (let at = 1; at <= calls; at += 1) {
    for (const when of ["before", "after"] as const) {
      const lived = await liveThrough(false, { standstill: { at, when } });

      expectAllInOrder(lived, `stood still ${when} call ${at}`);
      lostLocks += lived.lostLocks;
    }
  }
  // Otherwise no message was taken from anybody.
  expect(lostLocks).toBeGreaterThan(20);
});
