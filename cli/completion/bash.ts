import { type Described, operandChoices } from "./described.ts";

export function completeBash(commands: readonly Described[]): string {
  const names = commands.map(({ name }) => name);
  const choices = commands.flatMap(({ name, flags }) =>
    Object.entries(flags).flatMap(([flag, { short, value, choices: taken = [] }]) => {
      if (value === undefined) return [];
      const spelled = [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])].map((each) => `"${name} ${each}"`);
      const reply = value === "file" ? "compgen -f" : `compgen -W "${taken.join(" ")}"`;
      return [`    ${spelled.join("|")}) COMPREPLY=($(${reply} -- "$current")); return ;;`];
    }),
  );
  const words = commands.map((command) => {
    const flags = Object.keys(command.flags).map((flag) => `--${flag}`);
    return `    ${command.name}) words="${[...operandChoices(command), ...flags].join(" ")}" ;;`;
  });
  return `# bash completion of mooring
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
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _mooring mooring
`;
}
