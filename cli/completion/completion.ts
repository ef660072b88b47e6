/** Completion scripts, generated from the descriptions of the commands so that they cover every command. */
import { completeBash } from "./bash.ts";
import type { Described } from "./described.ts";
import { completeFish } from "./fish.ts";
import { completePowershell } from "./powershell.ts";
import { completeZsh } from "./zsh.ts";

const shells: Readonly<Record<string, (commands: readonly Described[]) => string>> = {
  bash: completeBash,
  zsh: completeZsh,
  fish: completeFish,
  powershell: completePowershell,
};

export function completionFor(shell: string, commands: readonly Described[]): string {
  const complete = shells[shell];
  if (!complete) throw new Error(`no completion for "${shell}"`);
  return complete(commands);
}
