/** Defects that the worlds of sagas must find: with ports that misbehave (support/defects), or put back into the source. */

import { someOf } from "test-support/proofs";
import { afterAll, describe, expect, it } from "vitest";
import { defects } from "../support/defects.ts";
import { oldDefects } from "../support/oldDefects.ts";
import { findPlanted, findWorld } from "../support/search.ts";
import { simulate } from "../support/simulate.ts";
import { createWorkers } from "../support/workers.ts";
import type { Report, Share } from "../support/worldWorker.ts";

const within = 500;
const script = new URL("../support/sagaWorker.ts", import.meta.url);
const workers = createWorkers<Share, Report>(script);
afterAll(() => workers.close());

describe("finds", () => {
  it.each(someOf(Object.entries(defects)))(
    "%s within 500 worlds",
    async (defect, wanted) => void (await findWorld(workers, defect, { ...wanted, within })),
    3_600_000,
  );
});

describe("would find again, within 500 worlds,", () => {
  it.each(someOf(Object.entries(oldDefects)))(
    "%s",
    async (defect, { changes, ...wanted }) => {
      const seed = await findPlanted(script, defect, { ...wanted, within });

      expect((await simulate(seed, { changes })).problems).toEqual([]);
    },
    3_600_000,
  );
});
