/** What a button does: whether it is under way, and why it failed the last time. */
import { useSignal } from "@preact/signals";
import { toError } from "../../src/domain/messageOf.ts";

export interface Task {
  readonly isRunning: boolean;
  readonly error: Error | undefined;
  run(): Promise<void>;
  /** Forgets why it failed. */
  forget(): void;
}

export function useTask(act: () => Promise<void>): Task {
  const isRunning = useSignal(false);
  const error = useSignal<Error | undefined>(undefined);
  const forget = () => {
    error.value = undefined;
  };
  const run = async () => {
    isRunning.value = true;
    forget();
    try {
      await act();
    } catch (reason) {
      error.value = toError(reason);
    }
    isRunning.value = false;
  };
  return { isRunning: isRunning.value, error: error.value, run, forget };
}
