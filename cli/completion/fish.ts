import { type Described, operandChoices } from "./described.ts";

export function completeFish(commands: readonly Described[]): string {
  const lines = commands.flatMap((command) => {
    const { name, summary, flags } = command;
    const when = `-n '__fish_seen_subcommand_from ${name}'`;
    const taken = operandChoices(command);
    return [
      `complete -c mooring -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ...(taken.length === 0 ? [] : [`complete -c mooring ${when} -a ${quote(taken.join(" "))}`]),
      ...Object.entries(flags).map(([flag, { short, value, summary: what, choices = [] }]) =>
        [
          `complete -c mooring ${when} -l ${flag}`,
          ...(short === undefined ? [] : [`-s ${short}`]),
          ...(value === undefined ? [] : [value === "file" ? "-r -F" : "-x"]),
          ...(choices.length === 0 ? [] : [`-a ${quote(choices.join(" "))}`]),
          `-d ${quote(what)}`,
        ].join(" "),
      ),
    ];
  });
  return `# fish completion of mooring\ncomplete -c mooring -f\n${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
