import type { FeedRoute } from "../../clients/api.ts";
import type { AnyChange } from "../../src/domain/documents/feed.ts";
import { readDuration } from "../arguments/values.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, TimedOut } from "../failures.ts";
import { createClock, describeEvent, type EventContext } from "../output/event.ts";
import { viewOf } from "../output/view.ts";
import type { Call } from "../service/client.ts";
import { follow, type ServerEvent } from "../service/events.ts";
import { findOperation } from "../service/findOperation.ts";
import type { Session } from "../session.ts";
import { exitCodeOf } from "../wait.ts";

export const command = defineCommand({
  description:
    "Prints a line for everything that happens: in one operation until it ends, with its outcome as the exit code, or in all that you may see until Ctrl-C. A broken connection resumes where it stopped. With `-o json` every event is a line of JSON, and `-o jsonpath` prints one line for each event.",
  operands: [{ name: "operation|cluster/namespace", isRequired: false }],
  flags: {
    timeout: { value: "duration", summary: "Stop watching after this time, such as 90s, 5m or 1h30m (no limit)" },
  },
  examples: ["watch eeb4e7", "watch -o json"],
  async run(session, values, [text]) {
    const { timeout } = values;
    if (timeout !== undefined) readDuration("--timeout", timeout);
    const id = text === undefined ? undefined : await findOperation(session.client, text);
    const call = feedOf(id);
    try {
      return await watch(session, call, { isOfAll: id === undefined });
    } catch (error) {
      // --timeout ends a watch of everything; that is not a failure.
      if (error instanceof TimedOut && id === undefined) return exitCodes.done;
      throw error;
    }
  },
});

function feedOf(id: string | undefined): Call<FeedRoute> {
  return id === undefined ? { route: "GET /api/events" } : { route: "GET /api/operations/{id}/events", at: { id } };
}

async function watch(session: Session, call: Call<FeedRoute>, { isOfAll }: { isOfAll: boolean }): Promise<number> {
  const { client, signal, say } = session;
  const context = { isOfAll, clock: createClock() };
  let last: AnyChange | undefined;
  for await (const event of follow(client, call, { signal, notify: say })) {
    await printEvent(session, event, context);
    if (event.event === "operation") last = event.data as AnyChange;
  }
  return last && !isOfAll ? exitCodeOf(last) : exitCodes.done;
}

async function printEvent(session: Session, event: ServerEvent, context: EventContext): Promise<void> {
  const { format } = session;
  if (format !== "table" && format !== "wide") {
    await session.printStreamed(format, { document: event, name: operationOf(event) });
    return;
  }
  const line = describeEvent(event, viewOf(session.stdout, { isWide: format === "wide" }), context);
  if (line !== undefined) session.writeLines([line]);
}

/** An operation's own event carries the operation; an event of one of its parts names the operation or batch. */
function operationOf({ data }: ServerEvent): string {
  const { id, operation, batch } = data as { id?: string; operation?: string; batch?: string };
  return id ?? operation ?? batch ?? "";
}
