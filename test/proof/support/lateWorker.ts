/** Schedules of late landings, in a process of their own. */
import "../../support/core.ts";
import { serve } from "./worldWorker.ts";

await import("../../../src/orchestrations/changeNamespace.ts");
await import("../../../src/orchestrations/migration.ts");
const { runSchedule } = await import("./lateSchedules.ts");
const { lateDefects } = await import("./lateDefects.ts");

await serve({
  simulate: (seed) => runSchedule(seed),
  searchFor: (defect = "") => ({ finds: lateDefects[defect]?.finds ?? /./, isAmong: () => true, options: undefined }),
});
