import { batchOrchestration } from "./batch.ts";

/** Onboards or changes namespaces, each with its own request. */
export const onboardBatch = batchOrchestration("onboardBatch");
