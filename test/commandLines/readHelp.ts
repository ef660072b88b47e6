/** What a program of Go's cobra says that it accepts. */
import { execFileSync } from "node:child_process";

/** The options of every command, and each command's own. */
export function readHelp(path: string, commands: readonly string[]): { version: string } & Table {
  const help = (words: readonly string[]) => execFileSync(path, [...words, "--help"], { encoding: "utf8" });
  const [version = ""] = /\d+\.\d+(\.\d+)?/.exec(execFileSync(path, ["version"], { encoding: "utf8" })) ?? [];
  const texts = commands.map((command) => help(command.split(" ")));
  const inherited = /^(?:Global|INHERITED) ?(?:Flags|FLAGS):?$/m;
  const own = texts.map((text) => optionsIn(text.split(inherited)[0] ?? ""));
  const every = new Set([...optionsIn(texts[0]?.split(inherited)[1] ?? ""), ...own.flat().filter(isHelp)]);
  const named = commands.map((command, index) => [command, (own[index] ?? []).filter((option) => !every.has(option))]);
  return { version, options: [...every].toSorted(), commands: Object.fromEntries(named) };
}

interface Table {
  readonly options: readonly string[];
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

const isHelp = (option: string) => option.startsWith("--help");

/** Without the mark of one that is required. */
export const namesOf = (option: string): readonly string[] => option.replace(/^[!?]/, "").split("|");

/** `  -n, --namespace string   namespace scope for this request` */
function optionsIn(help: string): readonly string[] {
  const lines = help.matchAll(/^ +(?:(-\w), )?(--[\w-]+)(?: |$)/gm);
  return [...lines].map(([, short, long = ""]) => (short === undefined ? long : `${long}|${short}`)).toSorted();
}
