import { type Described, kindOfFlag, kindOfOperands, operandChoices, takesFile } from "./described.ts";

export function completeZsh(commands: readonly Described[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${quote(summary)}'`);
  const cases = commands.map((command) => {
    const taken = operandChoices(command);
    const kind = kindOfOperands(command);
    const operand = [
      ...(taken.length === 0 ? [] : [`'1:${command.operands[0]?.name}:(${taken.join(" ")})'`]),
      ...(kind ? [`'${taken.length === 0 ? 1 : 2}:${kind}:_mooring_ask ${kind}'`] : []),
      ...(takesFile(command) ? ["'2:file:_files'"] : []),
    ];
    const flags = Object.entries(command.flags).map(([flag, described]) => {
      const { short, value, summary, choices = [], openChoices = [], many } = described;
      const asked = kindOfFlag(flag, described);
      const words = [...choices, ...openChoices];
      const action =
        value === "file" ? "_files" : asked ? `_mooring_ask ${asked}` : words.length > 0 ? `(${words.join(" ")})` : " ";
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
_mooring_ask() {
  local -a found
  found=(\${(f)"$(mooring __complete \${@[-1]} \${words[2,-1]} 2>/dev/null)"})
  compadd "\${@[1,-2]}" -a found
}
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

/** Escapes text for use inside single quotes. */
function quote(text: string): string {
  return text.replaceAll("'", "'\\''");
}
