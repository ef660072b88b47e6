/** Suggestions are written for `mooring`; whoever called it otherwise gets what works for them. */
import type { Environment } from "../service/server.ts";

export type Spelling = (line: string) => string;

/** `words` are those of the command line: a suggestion has to lead to the same server. */
export function spellingFor(env: Environment, words: readonly string[]): Spelling {
  const program = programName(env);
  const flags = ["--context", "--server"].flatMap((flag) => {
    const value = readFlag(flag, words);
    return value === undefined ? [] : [` ${flag} ${value}`];
  });
  return (line) =>
    line.includes("usage: mooring")
      ? line
      : line.replaceAll(/(^|[\s:`])mooring (?=([a-z-]+))/g, (_all, before: string, next: string) =>
          local.has(next) ? `${before}${program} ` : `${before}${program}${flags.join("")} `,
        );
}

/** Commands that ask no server. */
const local = new Set(["up", "completion", "config", "--help"]);

/** npm says what of it runs. */
function programName(env: Environment): string {
  if (env["npm_command"] === "exec") return "npx mooring";
  return env["npm_command"] === "run-script" || env["npm_command"] === "run" ? "npm run mooring --" : "mooring";
}

function readFlag(flag: string, words: readonly string[]): string | undefined {
  const joined = words.find((word) => word.startsWith(`${flag}=`));
  return joined?.slice(flag.length + 1) ?? (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
}
