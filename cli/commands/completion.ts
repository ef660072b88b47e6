import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";

export const command = defineCommand({
  description:
    "Prints a script that completes commands, flags and their values. Bash: `source <(mooring completion bash)`. Zsh: `source <(mooring completion zsh)`, after compinit. fish: `mooring completion fish | source`.",
  operands: [{ name: "shell", isRequired: true, choices: ["bash", "zsh", "fish"] }],
  flags: {},
  examples: ["completion bash > ~/.local/share/bash-completion/completions/mooring"],
  isLocal: true,
  async run(session, _values, [shell = ""]) {
    const { completionFor } = await import("../completion/completion.ts");
    session.write(completionFor(shell, await session.describeCommands()));
    return exitCodes.done;
  },
});
