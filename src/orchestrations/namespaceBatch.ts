import { batchOrchestration } from "./batch.ts";

/**
 * Verifies, repairs, migrates or offboards namespaces. It is a separate orchestration, so that an older release, which knows only
 * onboarding, does not mistake it for that.
 */
export const namespaceBatch = batchOrchestration("namespaceBatch");
