/** Acceptance and decisions as the routes make them, on the fake cloud, with orchestrations run in memory. */
import type { DurableClient } from "durable-functions";
import type { AcceptanceContext } from "../../src/application/acceptance/acceptance.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { createMailbox, type Run, runOrchestration } from "./durableRunner.ts";
import type { FakeCloud } from "./fakeCloud.ts";

export const requester: Caller = {
  id: "requester",
  name: "Rita",
  teams: [],
  roles: ["Onboarding.Request", "Onboarding.Operate"],
};
/** For requests that leave out what a namespace has: its sender says that this is meant. */
export const confirmed = { isRemovalConfirmed: true } as const;
export const approver: Caller = { id: "approver", name: "Ann", teams: [], roles: ["Onboarding.Approve"] };

export interface TestAcceptanceContext extends AcceptanceContext {
  /** Wakes a waiting orchestration, as the routes do. */
  readonly raise: (name: string) => void;
  /** Takes the oldest orchestration that was accepted but not run, for a test that runs it itself. */
  take(): { readonly name: string; readonly input: unknown };
  /** Runs the oldest orchestration that was accepted but not run, to its end. */
  run(options?: Parameters<typeof runOrchestration>[2]): Promise<Run>;
}

export function createAcceptanceContext(
  { ports }: Pick<FakeCloud, "ports">,
  by: Caller = requester,
): TestAcceptanceContext {
  const started: { name: string; input: unknown }[] = [];
  const mailbox = createMailbox();
  const take = () => {
    const next = started.shift();
    if (!next) throw new Error("no accepted orchestration is left to run");
    return next;
  };
  const client: Partial<DurableClient> = {
    async startNew(name, options) {
      started.push({ name, input: options?.input });
      return options?.instanceId ?? "";
    },
    raiseEvent: async (_id, name) => mailbox.raise(name),
  };
  return {
    ports,
    // The code under test uses no more of the client.
    client: client as DurableClient,
    by,
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    warn: (message) => {
      throw new Error(message);
    },
    raise: mailbox.raise,
    take,
    async run(options = {}) {
      const next = take();
      return await runOrchestration(next.name, next.input, { mailbox, ...options });
    },
  };
}
