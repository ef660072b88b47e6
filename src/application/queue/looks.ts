/** When this process looks at what waits for a namespace: one look at a time, and no more of them than are of use. */
import { messageOf } from "../../domain/messageOf.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { createSerial } from "../../domain/serial.ts";
import { logLine } from "../../telemetry/logLine.ts";

const betweenLooksMs = 500;

export interface Looks<Worker> {
  /** Begins what waits for a namespace that has become free. Never fails: the timer tries again. */
  beginNext(worker: Worker, berth: Berth): Promise<void>;
  /** The same for the handler of a message that waits: one look serves a burst, and may come a moment later. */
  beginSoon(worker: Worker, berth: Berth): Promise<void>;
  /** In the namespace's turn; never fails. */
  inTurn(worker: Worker, berth: Berth, work: () => Promise<void>): Promise<void>;
}

/** `beginFirst` returns false when nothing more can begin for now. */
export function createLooks<Worker extends { readonly warn: (line: string) => void }>(
  beginFirst: (worker: Worker, berth: Berth) => Promise<boolean>,
): Looks<Worker> {
  /** Two callers in one process must not start the same operation; between processes, its ID makes them one. */
  const turns = createSerial();
  /** Looks that have not begun. */
  const lookingNext = new Map<string, Promise<void>>();
  /** Namespaces at which a handler has just looked, with the last that asked for another look since. */
  const lookedJustNow = new Map<string, Worker | undefined>();

  /** A look that has not begun sees everything written so far, so all who ask for one until then share it. */
  function beginNext(worker: Worker, berth: Berth): Promise<void> {
    const key = berthKey(berth);
    const looking =
      lookingNext.get(key) ??
      inTurn(worker, berth, async () => {
        lookingNext.delete(key);
        let isToGoOn = true;
        while (isToGoOn) isToGoOn = await beginFirst(worker, berth);
      });
    lookingNext.set(key, looking);
    return looking;
  }

  async function beginSoon(worker: Worker, berth: Berth): Promise<void> {
    const key = berthKey(berth);
    if (lookedJustNow.has(key)) {
      lookedJustNow.set(key, worker);
      return;
    }
    lookedJustNow.set(key, undefined);
    const lookAgain = () => {
      const asked = lookedJustNow.get(key);
      lookedJustNow.delete(key);
      if (asked) void beginSoon(asked, berth);
    };
    // After a crash in between, the timer looks.
    setTimeout(lookAgain, betweenLooksMs).unref();
    await beginNext(worker, berth);
  }

  async function inTurn({ warn }: Worker, berth: Berth, work: () => Promise<void>): Promise<void> {
    try {
      await turns.run(berthKey(berth), work);
    } catch (error) {
      const reason = messageOf(error);
      warn(logLine("waiting request not begun yet", { namespace: berthKey(berth), reason }));
    }
  }

  return { beginNext, beginSoon, inTurn };
}
