/** Worlds of one namespace, or of batches, in a process of their own. */
import "../../support/core.ts";
import { serve } from "./worldWorker.ts";

const { simulate, hasBatches } = await import("./simulate.ts");
const { createWorld } = await import("./world.ts");
const { defects } = await import("./defects.ts");
const { oldDefects } = await import("./oldDefects.ts");
const { mayHappen, wish } = await import("./wish.ts");

await serve({
  simulate,
  searchFor(defect = "") {
    const { finds = /./, isOfBatches, ...control } = defects[defect] ?? {};
    const old = oldDefects[defect];
    if (!old) {
      const options = { changes: wish, ...control };
      const deed = options.changes?.deed;
      const isAmong = (seed: number) =>
        (!isOfBatches || hasBatches(seed)) && (deed === undefined || mayHappen(createWorld(seed), deed));
      return { finds, isAmong, options };
    }
    const { among = () => true, changes } = old;
    const isAmong = (seed: number) => !hasBatches(seed) && among(createWorld(seed));
    return { finds: old.finds, isAmong, options: { changes } };
  },
});
