import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";

export const command = defineCommand({
  description:
    "Prints a script that completes commands, flags and their values. Bash: `source <(mooring completion bash)`. Zsh: `source <(mooring completion zsh)`, after compinit. fish: `mooring completion fish | source`. PowerShell: `mooring completion powershell | Out-String | Invoke-Expression`.",
  operands: [{ name: "shell", isRequired: true, choices: ["bash", "zsh", "fish", "powershell"] }],
  flags: {},
  examples: [
    "completion bash > ~/.local/share/bash-completion/completions/mooring",
    "completion powershell >> $PROFILE",
  ],
  isLocal: true,
  async run(session, _values, [shell = ""]) {
    const { completionFor } = await import("../completion/completion.ts");
    session.write(completionFor(shell, await session.describeCommands()));
    return exitCodes.done;
  },
});
