import type { HttpRequest } from "@azure/functions";
import { AppRole, type Caller } from "../domain/caller.ts";

/** Callers are not told apart yet: whoever reaches the service may do everything (SECURITY.md). */
const anybody: Caller = { id: "anonymous", name: "anonymous", teams: [], roles: AppRole.options };

export async function authenticate(_request: HttpRequest): Promise<Caller> {
  return anybody;
}

/** The queue's access is decided by Service Bus; what a message says of its sender is not believed. */
export const queueCaller: Caller = { id: "queue", name: "queue", teams: [], roles: ["Onboarding.Request"] };
