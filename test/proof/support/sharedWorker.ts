/** Worlds in which namespaces share an identity, in a process of their own. */
import "../../support/core.ts";
import { serve } from "./worldWorker.ts";

const { simulateShared } = await import("./sharedWorld.ts");
const { sharedDefects } = await import("./sharedDefects.ts");

await serve({
  simulate: (seed) => simulateShared(seed),
  searchFor: (defect = "") => ({ finds: sharedDefects[defect]?.finds ?? /./, isAmong: () => true, options: undefined }),
});
