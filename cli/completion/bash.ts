import { type Described, kindOfFlag, kindOfOperands, operandChoices, takesFile } from "./described.ts";

export function completeBash(commands: readonly Described[]): string {
  const names = commands.map(({ name }) => name);
  const choices = commands.flatMap(({ name, flags }) =>
    Object.entries(flags).flatMap(([flag, { short, value, choices: taken = [], openChoices = [] }]) => {
      if (value === undefined) return [];
      const spelled = [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])].map((each) => `"${name} ${each}"`);
      const kind = kindOfFlag(flag, { value, summary: "" });
      const reply =
        value === "file"
          ? "_mooring_files"
          : `_mooring_words "${kind ? asked(kind) : [...taken, ...openChoices].join(" ")}"`;
      return [`    ${spelled.join("|")}) ${reply}; return ;;`];
    }),
  );
  const words = commands.map((command) => {
    const flags = Object.keys(command.flags).map((flag) => `--${flag}`);
    const kind = kindOfOperands(command);
    const ask = kind ? `; [[ $current == -* ]] || words="$words ${asked(kind)}"` : "";
    const file = takesFile(command) ? `; [[ $previous == check ]] && { _mooring_files; return; }` : "";
    return `    ${command.name}) words="${[...operandChoices(command), ...flags].join(" ")}"${ask}${file} ;;`;
  });
  return `# bash completion of mooring
_mooring_ask() { mooring __complete "$1" "\${COMP_WORDS[@]:1}" 2>/dev/null; }
_mooring_words() {
  local word
  # compgen -W would expand the words.
  while read -r word; do
    [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
  done <<< "\${1// /$'\\n'}"
}
_mooring_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$current"))
  compopt -o filenames 2>/dev/null
}
_mooring() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command="" words="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
    ${names.join("|")}) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
  case "$command $previous" in
${choices.join("\n")}
  esac
  case $command in
    "") words="${[...names, "help", "--help"].join(" ")}" ;;
${words.join("\n")}
  esac
  _mooring_words "$words"
}
complete -F _mooring mooring
`;
}

function asked(kind: string): string {
  return `$(_mooring_ask ${kind})`;
}
