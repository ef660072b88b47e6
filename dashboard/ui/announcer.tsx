/** What happens out of sight of somebody who listens. */
import { signal } from "@preact/signals";

const said = signal("");

export function announce(text: string): void {
  // The same words again are news, too.
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
