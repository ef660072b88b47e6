import { batchOrchestration } from "./batch.ts";

/**
 * Verifies, repairs, migrates or offboards namespaces. An orchestration of its own, so that a release that knows onboarding only
 * does not take it for that.
 */
export const namespaceBatch = batchOrchestration("namespaceBatch");
