/** Announces changes to screen readers. */
import { signal } from "@preact/signals";

const said = signal("");

export function announce(text: string): void {
  // Screen readers announce a text only when it changes.
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
