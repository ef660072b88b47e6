/** Help, generated from the description of each command. */

import type { Flags, Operand } from "./arguments/flags.ts";
import { flagsOf } from "./arguments/parse.ts";
import { helpFlags } from "./arguments/shared.ts";
import type { Command } from "./command.ts";
import { entries, groups } from "./commands.ts";
import { wrap } from "./output/wrap.ts";

/** A narrow terminal gets less. */
export const helpWidth = 100;

export function describeProgram(): string {
  const nameWidth = Math.max(...[...entries.keys()].map(({ length }) => length));
  const lines = groups.flatMap(({ title, commands }) => [
    "",
    `${title}:`,
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(nameWidth)}  ${summary}`),
  ]);
  return `mooring connects namespaces to Azure data services through managed identities.

usage: mooring <command> [flags]
${lines.join("\n")}

Service: --server, --context or MOORING_SERVER, else the context that \`mooring config\`
selected, else http://127.0.0.1:7071.
Caller: MOORING_KEY, MOORING_TOKEN or MOORING_AUDIENCE, if the service authenticates callers.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no answer from the service, 4 timed out.

mooring <command> --help explains a command; mooring --version prints the version.
`;
}

export function describeCommand(name: string, command: Command, width: number = helpWidth): string {
  const { description, operands, examples } = command;
  const words = operands.map(wordOf);
  const choices = operands.flatMap(({ name: operand, choices }) =>
    choices ? wrap(`${operand}: ${choices.join(", ")}`, width) : [],
  );
  return `${[
    `usage: ${["mooring", name, ...words, "[flags]"].join(" ")}`,
    "",
    ...wrap(description, width),
    ...(choices.length > 0 ? ["", ...choices] : []),
    "",
    ...describeFlags(flagsOf(command), width),
    ...(examples.length > 0 ? ["", "examples:", ...examples.map((each) => `  mooring ${each}`)] : []),
  ].join("\n")}\n`;
}

export function describeUsage(name: string, { operands }: Command): string {
  const words = operands.map(wordOf);
  return ["usage: mooring", name, ...words, "[flags]"].join(" ");
}

function wordOf({ name, isRequired, isMany }: Operand): string {
  const word = isMany ? `${name}...` : name;
  return isRequired ? `<${word}>` : `[${word}]`;
}

function describeFlags(flags: Flags, width: number): readonly string[] {
  const rows = Object.entries(flags).map(([name, { short, value, choices, openChoices = [], summary, many }]) => {
    const left = `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` <${value}>`}`;
    const taken = choices ? `: ${[...choices, ...openChoices.map((start) => `${start}…`)].join(", ")}` : "";
    return { left, right: `${summary}${taken}${many ? "; may be given again" : ""}` };
  });
  const leftWidth = Math.max(...rows.map(({ left }) => left.length));
  return rows.flatMap(({ left, right }) => {
    const [first = "", ...rest] = wrap(right, Math.max(30, width - leftWidth - 4));
    return [`  ${left.padEnd(leftWidth)}  ${first}`, ...rest.map((line) => `${" ".repeat(leftWidth + 4)}${line}`)];
  });
}

export function asksForHelp(words: readonly string[]): boolean {
  const { short } = helpFlags.help;
  return words.includes("--help") || words.includes(`-${short}`);
}
