import { type Described, operandChoices } from "./described.ts";

export function completeZsh(commands: readonly Described[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${quote(summary)}'`);
  const cases = commands.map((command) => {
    const taken = operandChoices(command);
    const operand = taken.length === 0 ? [] : [`'1:${command.operands[0]?.name}:(${taken.join(" ")})'`];
    const flags = Object.entries(command.flags).map(([flag, { short, value, summary, choices = [], many }]) => {
      const action = value === "file" ? "_files" : choices.length > 0 ? `(${choices.join(" ")})` : " ";
      const argument = value === undefined ? "" : `:${quote(value).replaceAll(":", "\\:")}:${action}`;
      const text = `[${quote(summary).replaceAll(/[[\]:]/g, "\\$&")}]${argument}`;
      const again = many ? "*" : "";
      return short === undefined
        ? `'${again}--${flag}${text}'`
        : `${many ? "'*'" : `'(-${short} --${flag})'`}{-${short},--${flag}}'${text}'`;
    });
    return `        ${command.name})\n          _arguments ${[...operand, ...flags].join(" \\\n            ")}\n          ;;`;
  });
  return `#compdef mooring
_mooring() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${cases.join("\n")}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = "_mooring" ]; then _mooring "$@"; else compdef _mooring mooring; fi
`;
}

/** Inside single quotes. */
function quote(text: string): string {
  return text.replaceAll("'", "'\\''");
}
