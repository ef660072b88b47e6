import { type Described, kindOfFlag, kindOfOperands, operandChoices, takesFile } from "./described.ts";

export function completeFish(commands: readonly Described[]): string {
  const lines = commands.flatMap((command) => {
    const { name, summary, flags } = command;
    const when = `-n '__fish_seen_subcommand_from ${name}'`;
    const taken = operandChoices(command);
    const kind = kindOfOperands(command);
    return [
      `complete -c mooring -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ...(taken.length === 0 ? [] : [`complete -c mooring ${when} -a ${quote(taken.join(" "))}`]),
      ...(kind ? [`complete -c mooring ${when} -a ${asked(kind)}`] : []),
      ...(takesFile(command) ? [`complete -c mooring ${when} -F`] : []),
      ...Object.entries(flags).map(([flag, described]) => {
        const { short, value, summary: what, choices = [], openChoices = [] } = described;
        const kindOfValue = kindOfFlag(flag, described);
        const words = [...choices, ...openChoices];
        return [
          `complete -c mooring ${when} -l ${flag}`,
          ...(short === undefined ? [] : [`-s ${short}`]),
          ...(value === undefined ? [] : [value === "file" ? "-r -F" : "-x"]),
          ...(words.length === 0 ? [] : [`-a ${quote(words.join(" "))}`]),
          ...(kindOfValue ? [`-a ${asked(kindOfValue)}`] : []),
          `-d ${quote(what)}`,
        ].join(" ");
      }),
    ];
  });
  return `# fish completion of mooring\ncomplete -c mooring -f\n${lines.join("\n")}\n`;
}

function asked(kind: string): string {
  return quote(`(mooring __complete ${kind} (commandline -opc)[2..-1] 2>/dev/null)`);
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
