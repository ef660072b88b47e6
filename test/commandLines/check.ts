/** Holds a command line against the table of its program. */
import { type Program, programs } from "./programs.ts";
import { anyValue } from "./words.ts";

export interface CommandLine {
  readonly words: readonly string[];
  /** Set apart from the sentence around it, or put together by code: every word of it is meant. */
  readonly isExact: boolean;
  /** Some of its words are known only at run time. */
  readonly isPartial?: boolean;
}

export interface Checked {
  /** Of its program's table; undefined if the words are no command. */
  readonly command: string | undefined;
  readonly problems: readonly string[];
}

export function checkCommandLine({ words, isExact, isPartial = false }: CommandLine, known = programs): Checked {
  const [name = "", ...rest] = words;
  const program = known[name];
  if (!program) throw new Error(`programs.json has no ${name}`);
  const leading = leadingWords(program, rest);
  const command = longestCommand(program, leading);
  if (command === undefined) {
    const isMeant = isExact || Object.keys(program.commands).some((each) => each.split(" ")[0] === leading[0]);
    const problems = isMeant ? [`${name} has no command "${leading.join(" ")}", or programs.json lacks it`] : [];
    return { command, problems };
  }
  const given = optionsOf(rest);
  const problems = given
    .filter((option) => !accepts(program, command, option))
    .map((option) => `${name} ${command} has no option ${option}`);
  const depth = command === "" ? 0 : command.split(" ").length;
  const operands = leading.slice(depth).filter((word) => word !== anyValue && !word.includes("="));
  if (isExact && !program.operands && operands.length > 0)
    problems.push(`${name} ${command} takes no "${operands.join(" ")}"`);
  // A command that is only named, as in "undo it with `az group delete`", has no options of its own.
  const isNamed = given.every((option) => program.options.flatMap(namesOf).includes(option));
  if (!isNamed && !isPartial && !words.some(isUnknown)) {
    const marks = given.includes("--ids") ? ["!"] : ["!", "?"];
    const missing = (program.commands[command] ?? []).filter(
      (option) => marks.includes(option[0] ?? "") && !namesOf(option).some((each) => given.includes(each)),
    );
    problems.push(...missing.map((option) => `${name} ${command} needs ${namesOf(option)[0]}`));
  }
  return { command, problems };
}

/** A word known only at run time that is no option's value: it may be several options. */
const isUnknown = (word: string, index: number, words: readonly string[]) =>
  word === anyValue && !words[index - 1]?.startsWith("-");

/** The words before the first option; for programs without commands, none. */
function leadingWords(program: Program, words: readonly string[]): readonly string[] {
  if ("" in program.commands) return [];
  const first = words.findIndex((word) => word.startsWith("-"));
  return first === 0 && program.operands
    ? words.filter((word) => !word.startsWith("-"))
    : words.slice(0, first < 0 ? words.length : first);
}

function longestCommand({ commands }: Program, words: readonly string[]): string | undefined {
  if ("" in commands) return "";
  const candidates = Object.keys(commands).filter(
    (known) => isPrefix(known.split(" "), words) || follows(known, words),
  );
  return candidates.toSorted((a, b) => b.length - a.length)[0];
}

const isPrefix = (beginning: readonly string[], words: readonly string[]) =>
  beginning.every((word, index) => words[index] === word);

/** `kubectl -n team-a apply`: a value of an option stands before the command. */
const follows = (known: string, words: readonly string[]) => words.slice(1).join(" ").startsWith(known);

const namesOf = (option: string): readonly string[] => option.replace(/^[!?]/, "").split("|");

function accepts({ options, commands }: Program, command: string, option: string): boolean {
  const known = [...options, ...(commands[command] ?? [])].flatMap(namesOf);
  // `-si` is `-s -i`.
  const isCluster = /^-[A-Za-z]{2,}$/.test(option);
  return known.includes(option) || (isCluster && [...option.slice(1)].every((letter) => known.includes(`-${letter}`)));
}

/** Up to `--`, behind which come the words of another program. */
function optionsOf(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return words
    .slice(0, end < 0 ? words.length : end)
    .filter((word) => /^--?[A-Za-z]/.test(word))
    .map((word) => word.split("=")[0] ?? "");
}
