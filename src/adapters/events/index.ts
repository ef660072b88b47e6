/** Service Bus: events to a topic, and the settlement of messages that the trigger received. */
export { createEvents } from "./events.ts";
export { createQueueMessages } from "./queueMessages.ts";
