/** Defects that worlds in which namespaces share an identity must find, each put into the source. */

import { someOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { findPlanted } from "../support/search.ts";
import { sharedDefects } from "../support/sharedDefects.ts";
import { simulateShared } from "../support/sharedWorld.ts";

const script = new URL("../support/sharedWorker.ts", import.meta.url);

it.each(someOf(Object.entries(sharedDefects)))(
  "finds %s within 300 worlds, which are fine without it",
  async (defect, wanted) => {
    const seed = await findPlanted(script, defect, { ...wanted, within: 300 });

    expect((await simulateShared(seed)).problems).toEqual([]);
  },
  3_600_000,
);
