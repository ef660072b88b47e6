import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
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
  const said = useSignal<"Copied" | "Not copied" | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const say = (outcome: "Copied" | "Not copied", news: string) => {
    said.value = outcome;
    announce(news);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      said.value = undefined;
    }, 2_000);
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied", `${what} copied`);
    } catch {
      // The browser or its policy may forbid it.
      say("Not copied", `The browser did not allow copying ${what}; select the text instead.`);
    }
  };
  return (
    <button
      type="button"
      class="copy"
      onClick={copy}
      aria-label={said.value ? `${said.value}: ${what}` : `Copy ${what}`}
      title={`Copy ${what}`}
    >
      {said.value ?? label}
    </button>
  );
}

/** An id, cut to fit, with the whole of it in the tooltip and to copy. */
export function Id({ of, what }: { readonly of: string; readonly what: string }) {
  return (
    <span class="id">
      <code title={of}>{of}</code>
      <Copy text={of} what={what} />
    </span>
  );
}

/** Text to copy. */
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
