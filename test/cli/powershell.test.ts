/** The completion script in PowerShell itself, where that is installed. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { sayNotRun } from "test-support/notRun";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeCommands, entries } from "../../cli/commands.ts";
import { completionFor } from "../../cli/completion/completion.ts";
import { findPowershell } from "./support/powershell.ts";
import { checkout } from "./support/program.ts";

const powershell = await findPowershell();
if ("reason" in powershell) sayNotRun(`completion was not tried in PowerShell: ${powershell.reason}.`);
const executable = "executable" in powershell ? powershell.executable : undefined;

describe.runIf(executable !== undefined)("completion in PowerShell", { timeout: 60_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mooring-powershell-"));
    const program = join(folder, "mooring");
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${checkout}/cli/mooring.mjs' "$@"\n`);
    await chmod(program, 0o755);
    await writeFile(
      join(folder, "config.yaml"),
      "contexts: { test: { server: 'http://127.0.0.1:1' }, production: { server: 'https://mooring.example' } }",
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What PowerShell offers at the end of each line. */
  async function complete(lines: readonly string[]): Promise<readonly (readonly string[])[]> {
    const script = join(folder, "complete.ps1");
    const ask = `foreach ($line in $env:LINES_TO_COMPLETE -split "\\n") {
  $found = TabExpansion2 -inputScript $line -cursorColumn $line.Length
  ConvertTo-Json -Compress @($found.CompletionMatches | ForEach-Object { $_.CompletionText })
}`;
    await writeFile(script, `${completionFor("powershell", await describeCommands())}\n${ask}\n`);
    const { stdout, stderr } = await promisify(execFile)(
      executable ?? "",
      ["-NoProfile", "-NonInteractive", "-File", script],
      {
        cwd: checkout,
        env: {
          ...process.env,
          PATH: [folder, process.env["PATH"]].join(delimiter),
          MOORING_CONFIG: join(folder, "config.yaml"),
          MOORING_SERVER: "http://127.0.0.1:1",
          LINES_TO_COMPLETE: lines.join("\n"),
        },
      },
    );
    expect(stderr).toBe("");
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  it("offers commands, their flags, the values of a flag, contexts and files", async () => {
    const expected: readonly (readonly [line: string, found: readonly string[]])[] = [
      ["mooring ", [...entries.keys(), "help", "--help"]],
      ["mooring re", ["reject", "repair"]],
      ["mooring onboard --identity-mode ", ["workloadIdentity", "podIdentity", "identityBinding"]],
      ["mooring -o json list op", ["operations"]],
      ["mooring list -o y", ["yaml"]],
      ["mooring list -o json", ["json", "jsonpath="]],
      ["mooring plan -f examples/bad", [join("examples", "bad-request.json")]],
      ["mooring catalog check mooring.y", ["mooring.yaml"]],
      ["mooring offboard --ig", ["--ignore-dependants"]],
      ["mooring completion ", ["bash", "zsh", "fish", "powershell", "--help"]],
      ["mooring list --context pr", ["production"]],
      ["mooring list 'op", ["operations"]],
      // Nothing new rather than files: no service answers.
      ["mooring list --cluster ", [" "]],
      ["mooring list --no-such-flag", ["--no-such-flag"]],
    ];

    const found = await complete(expected.map(([line]) => line));

    const plain = found.map((each) => each.map((text) => text.replace(/^\.\//, "")));
    expect(expected.map(([line], index) => [line, plain[index]])).toEqual(expected);
  });
});
