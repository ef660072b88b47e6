import { setImmediate as nextTick } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { afterConnections } from "../../src/durable/afterConnections.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("works in the next tick, or when a tick has brought no connection, but not much later", async () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  let connections = 0;
  let works = 0;
  const schedule = afterConnections(
    () => {
      works += 1;
    },
    () => connections,
  );

  schedule();
  await nextTick();
  expect(works).toBe(1);

  schedule();
  for (let tick = 0; tick < 3; tick += 1) {
    connections += 1;
    await nextTick();
  }
  expect(works).toBe(1);
  await nextTick();
  expect(works).toBe(2);

  schedule();
  now.mockReturnValue(100);
  connections += 1;
  await nextTick();
  expect(works).toBe(3);
});
