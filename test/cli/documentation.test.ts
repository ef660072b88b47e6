/** docs/cli.md, the completion scripts and the program agree. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, splitCommand } from "../../cli/arguments/parse.ts";
import { describeCommands, entries, loadCommand } from "../../cli/commands.ts";
import { completionFor } from "../../cli/completion/completion.ts";
import { exitCodes } from "../../cli/failures.ts";
import { describeCommand, describeProgram } from "../../cli/help.ts";
import { checkout } from "./support/program.ts";

const read = (file: string) => readFileSync(join(checkout, file), "utf8");

it("has every exit code in docs/cli.md", () => {
  const [, table = ""] = /## Exit codes\n([\s\S]*?)\n\n`/.exec(read("docs/cli.md")) ?? [];
  const documented = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));

  expect(documented).toEqual([...Object.values(exitCodes), 130].toSorted((a, b) => a - b));
});

it("prints help in lines of at most 100 characters", async () => {
  const texts = await Promise.all(
    [...entries.keys()].map(async (name) => describeCommand(name, await loadCommand(name))),
  );

  const long = [describeProgram(), ...texts].flatMap((text) => text.split("\n")).filter((line) => line.length > 100);

  expect(texts).toHaveLength(entries.size);
  expect(long).toEqual([]);
});

it("shows examples that its own parser accepts", async () => {
  let parsed = 0;
  for (const name of entries.keys()) {
    const command = await loadCommand(name);
    for (const example of command.examples) {
      const words = [...(example.split(/ (?:>>?|\|) /)[0]?.matchAll(/"([^"]*)"|\S+/g) ?? [])].map(
        ([word, quoted]) => quoted ?? word,
      );
      const { name: found = "", rest } = splitCommand(words);
      expect(found).toBe(name);
      parse(name, command, rest);
      parsed += 1;
    }
  }
  expect(parsed).toBeGreaterThan(entries.size);
});

describe("completion", () => {
  /** What bash would offer for the words so far. */
  function complete(script: string, words: readonly string[]): readonly string[] {
    const ask = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})\nCOMP_CWORD=${words.length - 1}\n_mooring\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", ask], { encoding: "utf8", cwd: checkout }).trim().split("\n");
  }

  it("for bash offers commands, their flags, and the values of a flag", async () => {
    const script = completionFor("bash", await describeCommands());

    expect(complete(script, ["mooring", ""])).toEqual([...entries.keys(), "help", "--help"]);
    expect(complete(script, ["mooring", "re"])).toEqual(["reject", "repair", "renew"]);
    expect(complete(script, ["mooring", "onboard", "--identity-mode", ""])).toEqual([
      "workloadIdentity",
      "podIdentity",
      "identityBinding",
    ]);
    expect(complete(script, ["mooring", "-o", "json", "list", ""])).toContain("operations");
    expect(complete(script, ["mooring", "list", "-o", "y"])).toEqual(["yaml"]);
    expect(complete(script, ["mooring", "plan", "-f", "examples/bad"])).toEqual(["examples/bad-request.json"]);
    expect(complete(script, ["mooring", "offboard", "--ig"])).toEqual(["--ignore-dependants"]);
  });

  it("for PowerShell offers every command and flag, and the choices and lists of bash", async () => {
    const commands = await describeCommands();
    const script = completionFor("powershell", commands);
    const ofBash = completionFor("bash", commands);

    for (const { name, flags, operands } of commands) {
      const [own = ""] = (script.split(`\n    '${name}' = @{\n`)[1] ?? "").split("\n    }\n");
      const inBash = ofBash
        .split("\n")
        .filter((line) => line.startsWith(`    "${name} `) || line.startsWith(`    ${name})`));
      expect(inBash.length, name).toBeGreaterThan(0);
      for (const choice of operands[0]?.choices ?? []) expect(own).toContain(`'${choice}'`);
      for (const [flag, { choices = [], openChoices = [], short, value }] of Object.entries(flags)) {
        const row = own.split("\n").find((line) => line.includes(`Name = '--${flag}'`)) ?? "";
        const words = [...choices, ...openChoices].map((choice) => `'${choice}'`).join(", ");
        expect(row.includes("HasValue"), flag).toBe(value !== undefined);
        if (words !== "") expect(row).toContain(`Choices = @(${words})`);
        if (short !== undefined) expect(row).toContain(`Short = '-${short}'`);
        const [, asked] =
          /_mooring_ask (\w+)/.exec(inBash.find((line) => line.includes(`"${name} --${flag}"`)) ?? "") ?? [];
        expect(/Ask = '(\w+)'/.exec(row)?.[1], flag).toBe(asked);
      }
    }
    // Typographic quotes are quotes in PowerShell, so each is doubled.
    expect(script.replaceAll(/''/g, "").match(/[‘’‚‛]/g)).toBeNull();
  });

  it.each(["zsh", "fish"])("for %s names every command and every flag", async (shell) => {
    const commands = await describeCommands();

    const script = completionFor(shell, commands);

    for (const { name, flags } of commands) {
      const own = shell === "zsh" ? script.split(`        ${name})\n`)[1]?.split(";;")[0] : script;
      for (const flag of Object.keys(flags)) expect(own).toContain(shell === "zsh" ? `--${flag}` : `-l ${flag}`);
    }
  });
});
