/** Worlds of one namespace, or of batches, in a process of their own. */
import "../../support/core.ts";
import { serve } from "./worldWorker.ts";

const { simulate, hasBatches } = await import("./simulate.ts");
const { createWorld } = await import("./world.ts");
const { defects } = await import("./defects.ts");
const { oldDefects } = await import("./oldDefects.ts");

await serve({
  simulate,
  searchFor(defect = "") {
    const { finds = /./, isOfBatches, ...control } = defects[defect] ?? {};
    const old = oldDefects[defect];
    if (!old) return { finds, isAmong: (seed) => !isOfBatches || hasBatches(seed), options: control };
    const { among = () => true, changes } = old;
    const isAmong = (seed: number) => !hasBatches(seed) && among(createWorld(seed));
    return { finds: old.finds, isAmong, options: { changes } };
  },
});
