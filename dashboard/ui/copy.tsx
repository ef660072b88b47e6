import { useSignal } from "@preact/signals";
import { announce } from "./announcer.tsx";

export function Copy({
  text,
  what,
  label = "Copy",
}: {
  readonly text: string;
  readonly what: string;
  readonly label?: string;
}) {
  const done = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      done.value = true;
      announce(`${what} copied`);
      setTimeout(() => {
        done.value = false;
      }, 2_000);
    } catch {
      announce(`The browser does not let ${what} be copied; select the text instead.`);
    }
  };
  return (
    <button
      type="button"
      class="copy"
      onClick={copy}
      aria-label={done.value ? `Copied ${what}` : `Copy ${what}`}
      title={`Copy ${what}`}
    >
      {done.value ? "Copied" : label}
    </button>
  );
}

/** An id as far as one has to see it, with all of it at hand. */
export function Id({ of, what }: { readonly of: string; readonly what: string }) {
  return (
    <span class="id">
      <code title={of}>{of}</code>
      <Copy text={of} what={what} />
    </span>
  );
}

/** Text to take away. */
export function Block({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div class="block">
      <Copy text={text} what={what} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard */}
      <section tabIndex={0} aria-label={what} class="scroll">
        <pre>{text}</pre>
      </section>
    </div>
  );
}
