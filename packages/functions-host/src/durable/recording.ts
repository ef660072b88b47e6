/** The only place that commits changes of an instance. */
import type { GroupCommit } from "./groupCommit.ts";
import { appendHistory, type HistoryEvent } from "./history.ts";
import type { Instance, Instances } from "./instances.ts";
import type { WaitingMessage } from "./records.ts";
import type { Store } from "./store/store.ts";

export type Recording = ReturnType<typeof createRecording>;

export function createRecording({
  store,
  instances,
  commit,
}: {
  readonly store: Store;
  readonly instances: Instances;
  readonly commit: GroupCommit;
}) {
  function record(
    instance: Instance,
    used: readonly WaitingMessage[],
    write: () => void,
    { effect, author = instance.row.key }: { effect?: () => void; author?: number | undefined } = {},
  ): void {
    for (const message of used) message.taken = true;
    instances.hold(instance);
    commit.add(
      () => {
        for (const { key, stored } of used) if (stored) store.deleteMessage(key);
        write();
      },
      () => {
        instances.release(instance);
        effect?.();
      },
      author,
    );
  }

  function append(instance: Instance, events: readonly HistoryEvent[]): () => void {
    const { key } = instance.row;
    const position = instance.history.count;
    // First, because it throws when the text would be too long, and then nothing may have changed.
    const text = JSON.stringify(events);
    instance.history = appendHistory(instance.history, events);
    return () => store.appendEvents(key, position, text);
  }

  return { record, append };
}
