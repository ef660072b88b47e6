/** When this process looks at what waits for a namespace: one look at a time, and no more of them than are of use. */
import { messageOf } from "../../domain/messageOf.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { createSerial } from "../../domain/serial.ts";
import { logLine } from "../../telemetry/logLine.ts";

const betweenLooksMs = 500;

export interface Looks<Worker> {
  /** Begins what waits for a namespace that has become free. Never fails: the timer tries again. */
  beginNext(worker: Worker, namespaceRef: NamespaceRef): Promise<void>;
  /** The same for the handler of a message that waits: one look serves a burst, and may come a moment later. */
  beginSoon(worker: Worker, namespaceRef: NamespaceRef): Promise<void>;
  /** In the namespace's turn; never fails. */
  inTurn(worker: Worker, namespaceRef: NamespaceRef, work: () => Promise<void>): Promise<void>;
}

/** `beginFirst` returns false when nothing more can begin for now. */
export function createLooks<Worker extends { readonly warn: (line: string) => void }>(
  beginFirst: (worker: Worker, namespaceRef: NamespaceRef) => Promise<boolean>,
): Looks<Worker> {
  /** Two callers in one process must not start the same operation; between processes, its ID makes them one. */
  const turns = createSerial();
  /** Looks that have not begun. */
  const lookingNext = new Map<string, Promise<void>>();
  /** Namespaces at which a handler has just looked, with the last that asked for another look since. */
  const lookedJustNow = new Map<string, Worker | undefined>();

  /** A look that has not begun sees everything written so far, so all who ask for one until then share it. */
  function beginNext(worker: Worker, namespaceRef: NamespaceRef): Promise<void> {
    const key = namespaceKey(namespaceRef);
    const looking =
      lookingNext.get(key) ??
      inTurn(worker, namespaceRef, async () => {
        lookingNext.delete(key);
        let isToGoOn = true;
        while (isToGoOn) isToGoOn = await beginFirst(worker, namespaceRef);
      });
    lookingNext.set(key, looking);
    return looking;
  }

  async function beginSoon(worker: Worker, namespaceRef: NamespaceRef): Promise<void> {
    const key = namespaceKey(namespaceRef);
    if (lookedJustNow.has(key)) {
      lookedJustNow.set(key, worker);
      return;
    }
    lookedJustNow.set(key, undefined);
    const lookAgain = () => {
      const asked = lookedJustNow.get(key);
      lookedJustNow.delete(key);
      if (asked) void beginSoon(asked, namespaceRef);
    };
    // After a crash in between, the timer looks.
    setTimeout(lookAgain, betweenLooksMs).unref();
    await beginNext(worker, namespaceRef);
  }

  async function inTurn({ warn }: Worker, namespaceRef: NamespaceRef, work: () => Promise<void>): Promise<void> {
    try {
      await turns.run(namespaceKey(namespaceRef), work);
    } catch (error) {
      const reason = messageOf(error);
      warn(logLine("waiting request not begun yet", { namespace: namespaceKey(namespaceRef), reason }));
    }
  }

  return { beginNext, beginSoon, inTurn };
}
