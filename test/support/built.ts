/** Once before all files of a run: a stale bundle would be built by each worker that needs it, at the same time. */
export { ensureBuilt as setup } from "../../sandbox/build.ts";
