import { batchOrchestration } from "./batch.ts";

/** Onboards or changes namespaces, each by a request of its own. */
export const onboardBatch = batchOrchestration("onboardBatch");
