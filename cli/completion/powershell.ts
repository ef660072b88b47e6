import { type Described, kindOfFlag, kindOfOperands, operandChoices, takesFile } from "./described.ts";

/** For Register-ArgumentCompleter, which PowerShell has since version 5. */
export function completePowershell(commands: readonly Described[]): string {
  const described = commands.map((command) => {
    const { name, summary, flags } = command;
    const spelled = Object.entries(flags).map(([flag, own]) => {
      const { short, value, summary: what, choices = [], openChoices = [] } = own;
      const kind = kindOfFlag(flag, own);
      const fields = [
        `Name = ${quote(`--${flag}`)}`,
        ...(short === undefined ? [] : [`Short = ${quote(`-${short}`)}`]),
        `Summary = ${quote(what)}`,
        ...(value === undefined ? [] : ["HasValue = $true"]),
        ...(value === "file" ? ["IsFile = $true"] : []),
        ...(kind ? [`Ask = ${quote(kind)}`] : []),
        ...(choices.length + openChoices.length > 0 ? [`Choices = ${list([...choices, ...openChoices])}`] : []),
      ];
      return `        @{ ${fields.join("; ")} }`;
    });
    const kind = kindOfOperands(command);
    return [
      `    ${quote(name)} = @{`,
      `      Summary = ${quote(summary)}`,
      `      Choices = ${list(operandChoices(command))}`,
      ...(kind ? [`      Ask = ${quote(kind)}`] : []),
      ...(takesFile(command) ? [`      FileAfter = 'check'`] : []),
      `      Flags = @(\n${spelled.join("\n")}\n      )`,
      "    }",
    ].join("\n");
  });
  return `# PowerShell completion of mooring
& {
$commands = [ordered]@{
${described.join("\n")}
}
# The closure reads the table once, not for every completion.
Register-ArgumentCompleter -Native -CommandName mooring -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  # The words before the one that is being typed, without their quotes.
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object {
      $_.Extent.EndOffset -lt $cursorPosition
    } | ForEach-Object {
      if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
  function Find([string] $text, [string] $tip) {
    if (-not $text.StartsWith($wordToComplete.Trim("'", '"'), [StringComparison]::Ordinal)) { return }
    $typed = if ($text -match '[^\\w./:=+-]') { "'" + $text.Replace("'", "''") + "'" } else { $text }
    if (-not $tip) { $tip = $text }
    [System.Management.Automation.CompletionResult]::new($typed, $text, 'ParameterValue', $tip)
  }
  function Ask([string] $kind) {
    & mooring __complete $kind @words $wordToComplete 2>$null | ForEach-Object { Find $_ }
  }
  # Without any answer PowerShell would offer files. What is typed already, or a space, keeps it from that.
  function Close($found) {
    if (@($found).Count -gt 0) { return $found }
    $typed = if ($wordToComplete) { $wordToComplete } else { ' ' }
    [System.Management.Automation.CompletionResult]::new($typed)
  }

  $name = $words | Where-Object { $commands.Contains($_) } | Select-Object -First 1
  if (-not $name) {
    $found = @($commands.Keys | ForEach-Object { Find $_ $commands[$_].Summary })
    $found += @('help', '--help' | ForEach-Object { Find $_ })
    return Close $found
  }
  $command = $commands[$name]
  $previous = $words | Select-Object -Last 1
  $flag = $command.Flags | Where-Object {
    $_.HasValue -and ($_.Name -ceq $previous -or $_.Short -ceq $previous)
  } | Select-Object -First 1
  if ($flag) {
    if ($flag.IsFile) { return }
    $found = @($flag.Choices | Where-Object { $_ } | ForEach-Object { Find $_ })
    if ($flag.Ask) { $found += @(Ask $flag.Ask) }
    return Close $found
  }
  if ($command.FileAfter -and $previous -ceq $command.FileAfter) { return }
  $found = @($command.Choices | Where-Object { $_ } | ForEach-Object { Find $_ })
  if ($command.Ask -and -not $wordToComplete.StartsWith('-')) { $found += @(Ask $command.Ask) }
  $found += @($command.Flags | ForEach-Object { Find $_.Name $_.Summary })
  Close $found
}.GetNewClosure()
}
`;
}

function list(words: readonly string[]): string {
  return `@(${words.map(quote).join(", ")})`;
}

/** PowerShell takes typographic quotes for straight ones. */
function quote(text: string): string {
  return `'${text.replaceAll(/['‘’‚‛]/g, "$&$&")}'`;
}
