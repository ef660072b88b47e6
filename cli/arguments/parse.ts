/** Parses a command line into a command, its flags and its operands. Node's own parser splits it; the error messages are ours. */
import { parseArgs } from "node:util";
import { defined } from "../../src/domain/defined.ts";
import { suggest } from "../../src/domain/suggest.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../failures.ts";
import type { Flag, Flags } from "./flags.ts";
import { connectionFlags, helpFlags, outputFlags } from "./shared.ts";

export interface Words {
  /** The first word that is not a flag. */
  readonly name: string | undefined;
  readonly rest: readonly string[];
}

/** Flags that every command has may come before its name: `mooring --server … list`. */
export function splitCommand(words: readonly string[]): Words {
  const flags: Flags = { ...connectionFlags, ...outputFlags, ...helpFlags };
  const takesNext = new Set(
    Object.entries(flags).flatMap(([name, { value, short }]) =>
      value === undefined ? [] : [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    ),
  );
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (takesNext.has(word)) index += 1;
    else if (!word.startsWith("-")) return { name: word, rest: words.toSpliced(index, 1) };
  }
  return { name: undefined, rest: words };
}

export function flagsOf({ flags, isLocal, isText }: Command): Flags {
  return {
    ...flags,
    ...(isLocal || isText ? {} : outputFlags),
    ...(isLocal ? {} : connectionFlags),
    ...helpFlags,
  };
}

type Value = string | boolean | readonly string[] | undefined;

export interface Parsed {
  readonly values: Readonly<Record<string, Value>>;
  readonly operands: readonly string[];
}

export function parse(name: string, command: Command, words: readonly string[]): Parsed {
  const flags = flagsOf(command);
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flags).map(([flag, { value, short }]) => [
        flag,
        { type: value === undefined ? "boolean" : "string", ...defined({ short }) },
      ]),
    ),
  });
  const values: Record<string, Value> = Object.fromEntries(
    Object.entries(flags).map(([flag, { value, many }]) => [flag, many ? [] : value === undefined ? false : undefined]),
  );
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (!flag) throw unknownFlag(name, token.rawName, flags);
    const before = values[token.name];
    const value = readValue(token.rawName, flag, token);
    values[token.name] = flag.many && Array.isArray(before) ? [...before, String(value)] : value;
  }
  if (values["help"] !== true) checkOperands(name, command, operands);
  return { values, operands };
}

function readValue(
  rawName: string,
  flag: Flag,
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
): string | boolean {
  if (flag.value === undefined) {
    if (value === undefined) return true;
    throw new UsageError(`${rawName} takes no value.`);
  }
  // `-f -` is standard input, and -1 a number; any other word that starts with a hyphen is the next flag.
  const isNextFlag = inlineValue === false && value !== undefined && /^-\D/.test(value);
  if (value === undefined || value === "" || isNextFlag) {
    throw new UsageError(`${rawName} needs a value: ${rawName} <${flag.value}>.`);
  }
  // kubectl accepts `-o=json`, which Node's parser reads as the value "=json".
  const plain = inlineValue === true && !rawName.startsWith("--") ? value.replace(/^=/, "") : value;
  const { choices, openChoices = [] } = flag;
  const chosen = choices?.find((choice) => choice.toLowerCase() === plain.toLowerCase());
  if (chosen !== undefined) return chosen;
  if (choices && !openChoices.some((start) => plain.startsWith(start))) {
    const taken = [...choices, ...openChoices.map((start) => `${start}…`)];
    throw new UsageError(`${rawName} is "${plain}"; it takes ${taken.join(", ")}.`);
  }
  return plain;
}

/** As other command lines call the same. */
const synonyms = new Map([["reason", "comment"]]);

function unknownFlag(name: string, rawName: string, flags: Flags): UsageError {
  const word = rawName.replace(/^-+/, "");
  const meant = suggest(synonyms.get(word) ?? word, Object.keys(flags));
  const hint = meant === undefined ? "" : ` Did you mean --${meant}?`;
  return new UsageError(`${name} has no flag ${rawName}.${hint}`);
}

function checkOperands(name: string, { operands: wanted }: Command, given: readonly string[]): void {
  const missing = wanted[given.length];
  if (missing?.isRequired) {
    const choices = missing.choices === undefined ? "" : `: ${missing.choices.join(", ")}`;
    throw new UsageError(`${name} needs <${missing.name}>${choices}.`);
  }
  const surplus = wanted.at(-1)?.isMany ? undefined : given[wanted.length];
  if (surplus !== undefined) throw new UsageError(`${name} does not take "${surplus}".`);
  for (const [index, { name: operand, choices, isOpen }] of wanted.entries()) {
    const value = given[index];
    if (value !== undefined && choices && !isOpen && !choices.includes(value)) {
      throw new UsageError(`<${operand}> is "${value}"; it takes ${choices.join(", ")}.`);
    }
  }
}
