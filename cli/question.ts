/** Asks the person at the terminal. Anything but yes means no, including the end of the input. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { printable } from "./output/printable.ts";

export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
  /** Its reason is the failure that ends the program, such as Ctrl-C. */
  readonly signal: AbortSignal;
}

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

export type Person = Pick<Terminal, "input" | "output">;

/** Undefined when nobody is at a terminal. */
export function personHere(): Person | undefined {
  return canAsk() ? { input: process.stdin, output: process.stderr } : undefined;
}

export async function askWhether(what: string, { input, output, signal }: Terminal): Promise<boolean> {
  signal.throwIfAborted();
  output.write(`${printable(what)} [y/N] `);
  // Without `terminal`, Ctrl-C remains a signal, as everywhere else, and not a key to interpret.
  const lines = createInterface({ input, terminal: false });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () => resolve(""));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

export async function confirmed(
  { signal, say }: { readonly signal: AbortSignal; say(line: string): void },
  question: string,
  person: Person,
): Promise<boolean> {
  const [first = "", ...others] = question;
  if (await askWhether(first.toUpperCase() + others.join(""), { ...person, signal })) return true;
  say("Nothing was done.");
  return false;
}
