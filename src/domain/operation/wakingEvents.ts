/** What wakes an orchestration that waits. Their data is ignored: it reads the registry. The names are in histories. */

/** After every decision about an operation: approve, reject or cancel. */
export const decisionEvent = "decision";

/** When every item of a batch has ended. */
export const itemsEndedEvent = "settled";
