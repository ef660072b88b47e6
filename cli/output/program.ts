/** Suggestions are written for `mooring`; whoever called it through npm gets what they can type. */
import type { Environment } from "../service/server.ts";

export function programName(env: Environment): string {
  if (env["npm_command"] === "exec") return "npx mooring";
  return env["npm_command"] === "run-script" || env["npm_command"] === "run" ? "npm run mooring --" : "mooring";
}

export function withProgram(line: string, program: string): string {
  return line.replaceAll(/(^|[\s:`])mooring (?=[a-z-])/g, `$1${program} `);
}
