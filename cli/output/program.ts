/** Suggested commands say `mooring`; this rewrites them for users who started it in another way. */
import type { Environment } from "../service/server.ts";

export type Spelling = (line: string) => string;

/** `words` is the command line: a suggested command must use the same server. */
export function spellingFor(env: Environment, words: readonly string[]): Spelling {
  const program = programName(env);
  const flags = ["--context", "--server"].flatMap((flag) => {
    const value = readFlag(flag, words);
    return value === undefined || value === "" ? [] : [` ${flag} ${value}`];
  });
  return (line) =>
    line.includes("usage: mooring")
      ? line
      : line.replaceAll(/(^|[\s:`])mooring (?=([a-z-]+))/g, (_all, before: string, next: string) =>
          local.has(next) ? `${before}${program} ` : `${before}${program}${flags.join("")} `,
        );
}

/** Commands that call no server. */
const local = new Set(["up", "completion", "config", "--help"]);

/** npm says in the environment how it was started. */
function programName(env: Environment): string {
  if (env["npm_command"] === "exec") return "npx mooring";
  return env["npm_command"] === "run-script" || env["npm_command"] === "run" ? "npm run mooring --" : "mooring";
}

function readFlag(flag: string, words: readonly string[]): string | undefined {
  const joined = words.find((word) => word.startsWith(`${flag}=`));
  return joined?.slice(flag.length + 1) ?? (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
}
