/** Every command line that the project prints, runs, or tells people to run is one that its program understands. */
import { describe, expect, it } from "vitest";
import { IdentityPair } from "../../src/domain/naming/identityPair.ts";
import { azureRoleKindNames, azureRoleKinds, azureRoleWords } from "../../src/domain/targets/azureRoles.ts";
import type { PlaceOfTarget } from "../../src/domain/targets/namedTarget.ts";
import { targetAt } from "../../src/resources/target/families.ts";
import { checkCommandLine } from "./check.ts";
import { findEverywhere } from "./files.ts";
import { findInCode } from "./inCode.ts";
import { built, findBuilt, helpOf, isInstalled, readAzTable } from "./installed.ts";
import { findInScript, findInText } from "./inText.ts";
import { programs } from "./programs.ts";
import { namesOf, readHelp } from "./readHelp.ts";

const lines = findEverywhere().map((found) => ({ ...found, ...checkCommandLine(found) }));

it("names only commands and options that exist, with those that are required", () => {
  expect(lines.flatMap(({ file, line, problems }) => problems.map((problem) => `${file}:${line}: ${problem}`))).toEqual(
    [],
  );
});

it("sees them in documents, printed texts, hooks, workflows and code", () => {
  const places = new Set(lines.filter(({ command }) => command !== undefined).map(({ file }) => file));

  expect([...places]).toEqual(
    expect.arrayContaining([
      ".github/workflows/deploy.yml",
      "azure.yaml",
      "bench/byHand/main.ts",
      "docs/deploy.md",
      "docs/tutorial.md",
      "infra/main.bicepparam",
      "sandbox/describeSandbox.ts",
      "mooring.yaml",
      "src/domain/errors/stepErrors.ts",
      "src/resources/identity/resource.ts",
      "src/resources/sqlAdmin/command.ts",
      "tools/azure/checkTargets.ts",
      "tools/azure/writeCatalog.ts",
    ]),
  );
});

it("prints an export of which every line is a command", () => {
  const identity = IdentityPair.parse({ clientId: crypto.randomUUID(), principalId: crypto.randomUUID() });
  const about = { namespaceRef: { cluster: "aks-dev", namespace: "team-a" }, target: "it", ...identity };
  const within = "/subscriptions/s/resourceGroups/g/providers";
  const places = [
    ...azureRoleKindNames.map((kind) => ({
      ...{ kind, resourceId: `${within}/${azureRoleKinds[kind].resourceType}/it` },
      access: azureRoleWords[kind],
    })),
    { kind: "cosmosNoSql", resourceId: `${within}/Microsoft.DocumentDB/databaseAccounts/it`, access: ["write"] },
  ] as const;
  const commands = places.flatMap(({ access, ...place }) => [
    ...(targetAt(place as PlaceOfTarget).exported({ ...about, access }).commands ?? []),
    ...(targetAt(place as PlaceOfTarget).exported({ ...about, access, principalId: undefined }).commands ?? []),
  ]);

  const checked = commands.map((words) => checkCommandLine({ words, isExact: true }));

  expect(new Set(checked.map(({ command }) => command))).toEqual(
    new Set(["role assignment create", "cosmosdb sql role assignment create"]),
  );
  expect(checked.flatMap(({ problems }) => problems)).toEqual([]);
});

it("has no command in programs.json that nothing names", () => {
  const named = new Set(lines.map(({ words: [program], command }) => `${program} ${command}`));
  const known = Object.entries(programs).flatMap(([name, { commands }]) =>
    Object.keys(commands).map((each) => `${name} ${each}`),
  );

  expect(known.filter((each) => !named.has(each))).toEqual([]);
});

describe("a command line", () => {
  const problemsOf = (text: string) => findInText(text).flatMap((each) => checkCommandLine(each).problems);

  it.each([
    ["Run: az sql db create --ids <id>", "sql db create has no option --ids"],
    ["Run: az sql db create --server s --resource-group g", "sql db create needs --name"],
    ["`az identity show --name x`", "identity show needs --resource-group"],
    ["or: az sql databse create", 'az has no command "sql databse create"'],
    ["`az frobnicate`", 'az has no command "frobnicate"'],
    ["```sh\nazd env put A b\n```", 'azd has no command "env put A b"'],
    ["`kubectl -n team apply --serverside -f x`", "kubectl apply has no option --serverside"],
    ["`curl -sQqZ1é http://localhost`", ""],
    ["`curl --head-only http://localhost`", "has no option --head-only"],
    ["```sh\nkubectl frobnicate\n```", 'kubectl has no command "frobnicate"'],
  ])("is read in %j", (text, problem) => {
    expect(problemsOf(text).join()).toContain(problem);
  });

  it.each([
    "`az identity show --ids <id>`, and what az prints",
    "az is logged in. kubectl reads it, as `az group delete` does.",
    "Run: azd env set A true, and peer its network",
    "(`kubectl get ns`; `az login --identity`)",
  ])("is right in %j", (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  it("is put together from parts in code", () => {
    const code = `const where = ["--server", name];
      await az("sql", "db", "create", ...where, "--ids", id);
      run("az", ["group", "lst"]);
      const command = [["az", "identity", "create", ...scope, "--nme", x]];
      // \`az identty list\`
      print(\`Run: az aks update --name \${x}\`);`;

    expect(
      findInCode("x.ts", code)
        .flatMap((each) => checkCommandLine(each).problems)
        .toSorted(),
    ).toEqual([
      "az aks update needs --resource-group",
      'az has no command "group lst", or programs.json lacks it',
      'az has no command "identty list", or programs.json lacks it',
      "az identity create has no option --nme",
      "az sql db create has no option --ids",
      "az sql db create needs --name",
      "az sql db create needs --resource-group",
    ]);
  });

  it("is a step of a workflow, but not a comment beside it", () => {
    const found = findInScript("- run: azd up --no-promt\n# azd would package before\n  azd package --all");

    expect(found.flatMap((each) => checkCommandLine(each).problems)).toEqual(["azd up has no option --no-promt"]);
  });
});

describe("programs.json agrees with what is installed here", () => {
  it.each(built.flatMap((program) => ({ program, path: findBuilt(program) })).filter(({ path }) => path))(
    "$program, by its own help",
    ({ program, path = "" }) => {
      const { source = "", options = [], commands = {} } = programs[program] ?? {};

      const own = readHelp(path, Object.keys(commands));

      expect(source).toContain(own.version);
      const namesIn = (table: Pick<typeof own, "options" | "commands">) =>
        Object.entries({ ...table.commands, "every command": table.options }).map(([command, all]) => ({
          command,
          names: all.flatMap(namesOf).toSorted(),
        }));
      expect(namesIn({ options, commands })).toEqual(namesIn(own));
    },
  );

  it.each(["azd", "kubectl", "helm", "gh", "curl"].filter(isInstalled))("%s", (program) => {
    const own = lines.filter(({ words, command }) => words[0] === program && command !== undefined);
    const commands = [...new Set(own.map(({ command = "" }) => command))];

    const unknown = commands.flatMap((command) => {
      const used = own.filter((each) => each.command === command).flatMap(({ words }) => longOptions(words));
      const help = helpOf(program, command);
      return used.filter((option) => !help.includes(option)).map((option) => `${command} ${option}`);
    });

    expect(commands).not.toEqual([]);
    expect(unknown).toEqual([]);
  });

  it.runIf(isInstalled("az"))("az, by the table of the installed version", () => {
    const { source = "", options = [], operands = false, commands = {} } = programs["az"] ?? {};
    const az = { source, options, operands, commands: readAzTable(Object.keys(commands)) };

    const own = lines.filter(({ words }) => words[0] === "az");

    expect(own.flatMap((each) => checkCommandLine(each, { ...programs, az }).problems)).toEqual([]);
  });
});

const longOptions = (words: readonly string[]) =>
  words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0] ?? "");
