/** What people type, and the messages when it is wrong. */
import { describe, expect, it } from "vitest";
import { parse, splitCommand } from "../../cli/arguments/parse.ts";
import {
  latencyLimits,
  readCount,
  readDatabase,
  readDuration,
  readNamespaceRef,
  readSeconds,
} from "../../cli/arguments/values.ts";
import { entries, loadCommand } from "../../cli/commands.ts";
import { UsageError } from "../../cli/failures.ts";
import { readFilter } from "../../cli/requests/filter.ts";
import { parseRequests } from "../../cli/requests/readFiles.ts";
import { readAsked, requestFlags } from "../../cli/requests/requestFlags.ts";
import { choiceOf, questionOf } from "../../cli/requests/selection.ts";
import { MigrationPhase } from "../../src/domain/operation/migration.ts";
import { NamespaceFilter } from "../../src/domain/operation/namespaceFilter.ts";
import { OperationStatus } from "../../src/domain/operation/operation.ts";
import { AdoptionPolicy, DeletePolicy, IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { suggest } from "../../src/domain/suggest.ts";
import { run, runHere } from "./support/program.ts";

const parseWords = async (line: string) => {
  const { name = "", rest } = splitCommand(line.split(" "));
  return parse(name, await loadCommand(name), rest);
};

describe("a command line", () => {
  it.each([
    ["list -o json", { output: "json" }],
    ["list -ojson", { output: "json" }],
    ["list operations --status failed", { status: "Failed" }],
    ["list operations --kind Batch --no-children", { kind: "batch", "no-children": true }],
    ["status eeb4e7 --status FAILED", { status: "Failed" }],
    ["list -o=json", { output: "json" }],
    ["list -o jsonpath={.value[0].cluster}", { output: "jsonpath={.value[0].cluster}" }],
    ["list -o=custom-columns=NAME:.namespace", { output: "custom-columns=NAME:.namespace" }],
    ["list --output=json --cluster aks-dev", { output: "json", cluster: "aks-dev" }],
    ["-o name --server http://x list", { output: "name", server: "http://x" }],
    ["onboard a/b -f - --wait", { filename: ["-"], wait: true, "dry-run": false }],
    ["list --limit -1", { limit: "-1" }],
    ["onboard a/b --database s/d=reader --database s/e=writer", { database: ["s/d=reader", "s/e=writer"] }],
  ])("%s", async (line, values) => {
    expect((await parseWords(line)).values).toMatchObject(values);
  });

  it.each([
    ["list --sever x", "list has no flag --sever. Did you mean --server?"],
    ["reject eeb4e7 --reason no", "reject has no flag --reason. Did you mean --comment?"],
    ["list --reason no", "list has no flag --reason."],
    ["list --whatever", "list has no flag --whatever."],
    ["list -x", "list has no flag -x."],
    ["list -o xml", '-o is "xml"; it takes json, yaml, wide, name, jsonpath=…, custom-columns=….'],
    ["list -o", "-o needs a value: -o <format>."],
    ["list --cluster --limit 3", "--cluster needs a value: --cluster <name>."],
    ["onboard a/b --wait=5", "--wait takes no value."],
    ["export", "export needs <cluster/namespace>."],
    ["completion", "completion needs <shell>: bash, zsh, fish, powershell."],
    ["export a/b c/d", 'export does not take "c/d".'],
    ["list pods", '<what> is "pods"; it takes namespaces, operations.'],
  ])("%s gets a message that says what is wrong", async (line, message) => {
    await expect(parseWords(line)).rejects.toThrow(new UsageError(message));
  });

  it("ends with 2 and prints the usage, with nothing on standard output", async () => {
    const [flag, command, nothing, help, version] = await Promise.all([
      run(["onboard", "--wait", "--nope"]),
      run(["onbord"]),
      run([]),
      run(["onboard", "--help"]),
      run(["--version"]),
    ]);

    expect(flag).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("usage: mooring onboard [") });
    expect(command).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Did you mean onboard?") });
    expect(nothing).toMatchObject({ code: 2, stdout: "" });
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mooring \d+\.\d+\.\d+\n$/) });
    expect(help).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("--identity-mode <mode>") });
  });

  it("suggests only similar words", () => {
    const names = [...entries.keys()];

    expect(suggest("statsu", names)).toBe("status");
    expect(suggest("off", names)).toBe("offboard");
    expect(suggest("kubectl", names)).toBeUndefined();
  });

  it("says that --timeout is for --wait", async () => {
    const { code, stderr } = await runHere(["offboard", "a/b", "--timeout", "5m"]);

    expect(code).toBe(2);
    expect(stderr).toContain("--wait");
  });
});

describe("values", () => {
  it.each([
    ["1ms", 1],
    ["1s500ms", 1_500],
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
  ])("%s lasts %i ms", (text, ms) => {
    expect(readDuration("--timeout", text)).toBe(ms);
  });

  it.each([
    ["", "write a duration such as 500ms, 90s, 5m or 1h30m."],
    ["m", "write a duration such as"],
    ["5 m", "write a duration such as"],
    ["-5s", "write a duration such as"],
    ["1.5h", "write a duration such as"],
    ["1d", "write a duration such as"],
    ["5m5", "write a duration such as"],
    ["90", 'is "90", without a unit; write 90ms, 90s, 90m or 90h.'],
    ["0", "it takes 1ms to 576h."],
    ["0s", "it takes 1ms to 576h."],
    ["99999999h", "it takes 1ms to 576h."],
  ])('no duration: "%s"', (text, told) => {
    expect(() => readDuration("--timeout", text)).toThrow(UsageError);
    expect(() => readDuration("--timeout", text)).toThrow(told);
  });

  it.each([
    ["0", 0],
    ["0s", 0],
    ["200ms", 200],
    ["1m", 60_000],
  ])("a latency of %s", (text, ms) => {
    expect(readDuration("--latency", text, latencyLimits)).toBe(ms);
  });

  it("need a unit wherever a duration is read", async () => {
    const words = "sandbox faults add --wire arm";
    const told = await Promise.all(
      [
        "onboard a/b --database s/d=reader --wait --timeout 1",
        "watch --timeout 1",
        "list -w --timeout 1",
        "up --latency 1",
        "sandbox faults latency 1",
        `${words} --delay 1`,
        `${words} --error x --retry-after 1`,
      ].map((line) => runHere(line.split(" "), { env: { MOORING_SERVER: "http://127.0.0.1:1" } })),
    );

    for (const each of told) {
      expect(each).toMatchObject({ code: 2, stdout: "" });
      expect(each.stderr).toContain('is "1", without a unit; write 1ms, 1s, 1m or 1h.');
    }
  });

  it("say all in the help that they are durations", async () => {
    const flags = await Promise.all(
      [...entries.keys()].map(async (name) => Object.entries((await loadCommand(name)).flags)),
    );
    const durations = flags.flat().filter(([flag]) => /^(timeout|latency|delay|retry-after)$/.test(flag));

    expect(durations.length).toBeGreaterThan(10);
    expect(durations.filter(([, { value, summary }]) => value !== "duration" || !/such as|by/.test(summary))).toEqual(
      [],
    );
    expect(flags.flat().filter(([, { value = "" }]) => /^(ms|seconds|minutes)$/.test(value))).toEqual([]);
  });

  it("are whole seconds where nothing smaller counts", () => {
    expect(readSeconds("--retry-after", "1m30s", { least: 0, most: 3_600 })).toBe(90);
    expect(() => readSeconds("--retry-after", "1500ms", { least: 0, most: 3_600 })).toThrow("whole seconds");
  });

  it.each(["team-a", "aks-dev/", "/team-a", "a/b/c", ""])('no namespace: "%s"', (text) => {
    expect(() => readNamespaceRef(text)).toThrow(UsageError);
  });

  it.each(["messages", "sql-dev/messages", "sql-dev/messages=", "messages=reader", "a/b/c=reader"])(
    'no database: "%s"',
    (text) => {
      expect(() => readDatabase(text)).toThrow(UsageError);
    },
  );

  it.each(["0", "-1", "1e3", "201", "x", ""])('no number from 1 to 200: "%s"', (text) => {
    expect(() => readCount("--limit", text, { most: 200 })).toThrow(UsageError);
  });

  it("are those of the domain, where a flag lists them", async () => {
    const choices = async (command: string, flag: string) => (await loadCommand(command)).flags[flag]?.choices;

    expect(await choices("onboard", "identity-mode")).toEqual(IdentityMode.options);
    expect(await choices("onboard", "adoption-policy")).toEqual(AdoptionPolicy.options);
    expect(await choices("onboard", "delete-policy")).toEqual(DeletePolicy.options);
    expect(await choices("migrate", "until")).toEqual(MigrationPhase.options);
    expect(await choices("list", "status")).toEqual(OperationStatus.options);
  });
});

describe("a selection", () => {
  const none = { all: false, filter: [] };

  it.each<[string, Parameters<typeof choiceOf>, ReturnType<typeof choiceOf>]>([
    ["one namespace, which is no batch", [none, ["c/a"]], undefined],
    [
      "several",
      [none, ["c/a", "c/b"]],
      {
        namespaces: [
          { cluster: "c", namespace: "a" },
          { cluster: "c", namespace: "b" },
        ],
      },
    ],
    ["all", [{ ...none, all: true }, []], { all: true }],
    [
      "by a filter, in one word or several",
      [{ all: true, filter: ["team=red,state=Onboarded", "findings=Error"] }, []],
      { filter: { team: "red", state: "Onboarded", findings: "Error" } },
    ],
  ])("is %s", (_what, given, expected) => {
    expect(choiceOf(...given)).toEqual(expected);
  });

  it.each<[Parameters<typeof choiceOf>, string]>([
    [[none, []], "Name namespaces, or give --all or --filter."],
    [[{ ...none, all: true }, ["c/a"]], '"c/a" cannot be combined with --all'],
    [[{ ...none, filter: ["team=red"] }, ["c/a"]], '"c/a" cannot be combined with --filter'],
    [[none, ["c/a", "b"]], '"b" is not a namespace'],
    [[{ ...none, filter: ["teem=red"] }, []], "Did you mean team?"],
    [[{ ...none, filter: ["team"] }, []], '--filter is "team"; write it as team=value.'],
    [[{ ...none, filter: ["team=a", "team=b"] }, []], "--filter says team twice"],
  ])("is refused before anything is sent: %#", (given, message) => {
    expect(() => choiceOf(...given)).toThrow(message);
  });

  it("takes the fields that the service takes", () => {
    const words = Object.keys(NamespaceFilter.shape).map((field) => `${field}=x`);

    expect(Object.keys(readFilter(words))).toEqual(Object.keys(NamespaceFilter.shape));
  });

  it("shows its size and its first names in the question", () => {
    const names = Array.from({ length: 7 }, (_, index) => ({ cluster: "c", namespace: `n${index}` }));

    expect(questionOf("offboard", names)).toBe("offboard 7 namespaces (c/n0, c/n1, c/n2, c/n3, c/n4 and 2 more)?");
    expect(questionOf("migrate", names.slice(0, 1))).toBe("migrate 1 namespace (c/n0)?");
  });
});

const nothing = {
  filename: [],
  recursive: false,
  database: [],
  target: [],
  "identity-mode": undefined,
  "service-account": undefined,
  selector: undefined,
  "adoption-policy": undefined,
  "delete-policy": undefined,
  team: undefined,
  profile: undefined,
  "shared-identity": undefined,
  "expires-after": undefined,
  "expires-at": undefined,
  "adopt-identity": undefined,
  "take-over": false,
};
const silent = () => undefined;

describe("a request", () => {
  it("has a flag for every possible field", async () => {
    const all = {
      ...nothing,
      database: ["sql-dev/messages=reader,writer"],
      target: ["uploads=read+write"],
      "identity-mode": "identityBinding",
      "service-account": "web",
      selector: "web",
      profile: "standard",
      "shared-identity": "aks-dev/team-b",
      "adoption-policy": "Never",
      "delete-policy": "Keep",
      team: "team-a",
    };

    // A request names one of its two ends.
    const ends = [{ "expires-after": "P30D" }, { "expires-at": "2027-01-31T00:00:00Z" }];
    const both = ends.map((end) => readAsked({ ...all, ...end }, ["aks-dev/team-a"], silent));
    const requests = (await Promise.all(both)).flatMap((each) => each.requests);

    expect(Object.keys(nothing).toSorted()).toEqual(Object.keys(requestFlags).toSorted());
    for (const request of requests) expect(OnboardingRequest.parse(request)).toEqual(request);
    const fields = new Set(requests.flatMap((request) => Object.keys(request)));
    expect([...fields].toSorted()).toEqual(Object.keys(OnboardingRequest.shape).toSorted());
  });

  it.each([
    ["30d", { expiresAfter: "P30D" }],
    ["1d12h", { expiresAfter: "P1DT12H" }],
    ["90m", { expiresAfter: "PT90M" }],
    ["P6M", { expiresAfter: "P6M" }],
    ["2027-01-31", { expiresAt: "2027-01-31T00:00:00Z" }],
    ["2027-01-31T12:00:00Z", { expiresAt: "2027-01-31T12:00:00Z" }],
  ])("takes %s for an end", async (text, end) => {
    const flag = "expiresAfter" in end ? "expires-after" : "expires-at";
    const typed = { ...nothing, database: [`sql-dev/messages=reader~${text}`], target: [`uploads=read~${text}`] };
    const { requests } = await readAsked({ ...typed, [flag]: text }, ["aks-dev/team-a"], silent);

    expect(requests).toMatchObject([{ ...end, databases: [end], targets: [end] }]);
  });

  it.each(["30", "d", "12h1d", "soon", "2027-1-3"])("leaves %s as an end to the service", async (text) => {
    const typed = { ...nothing, database: ["sql-dev/messages=reader"], "expires-after": text };
    expect((await readAsked(typed, ["aks-dev/team-a"], silent)).requests).toMatchObject([{ expiresAfter: text }]);
  });

  it("takes the end of one target from its flag", async () => {
    const ending = {
      database: ["sql-dev/messages=reader@sales,writer~P30D"],
      target: ["uploads=read+write~2027-01-31T00:00:00Z"],
    };
    const { requests } = await readAsked({ ...nothing, ...ending }, ["c/n"], silent);

    expect(requests).toEqual([
      {
        ...{ cluster: "c", namespace: "n" },
        databases: [
          { server: "sql-dev", database: "messages", roles: ["reader@sales", "writer"], expiresAfter: "P30D" },
        ],
        targets: [{ target: "uploads", access: ["read", "write"], expiresAt: "2027-01-31T00:00:00Z" }],
      },
    ]);
  });

  it("leaves defaults to the service", async () => {
    const { requests } = await readAsked({ ...nothing, database: ["s/d=reader"] }, ["c/n"], silent);

    expect(requests).toEqual([
      { cluster: "c", namespace: "n", databases: [{ server: "s", database: "d", roles: ["reader"] }] },
    ]);
  });

  it.each([
    [{ ...nothing }, [], "Name the namespace"],
    [{ ...nothing }, ["a/b"], "--database"],
    [{ ...nothing, filename: ["x.yaml"], team: "t" }, [], "team cannot be combined with -f"],
    [{ ...nothing, filename: ["x.yaml"] }, ["a/b"], '"a/b" cannot be combined with -f'],
    [{ ...nothing, filename: ["-", "-"] }, [], "can be read once"],
    [{ ...nothing, filename: ["there-is-none.yaml"] }, [], "there-is-none.yaml is not there"],
    [{ ...nothing, filename: ["docs"] }, [], "docs holds no file with the extension .json, .yaml or .yml; -R"],
    [{ ...nothing, filename: ["exam*/none*.json"] }, [], "No file matches exam*/none*.json"],
    [{ ...nothing, recursive: true }, ["a/b"], "-R needs -f with a folder"],
  ])("is refused before anything is sent: %#", async (values, operands, message) => {
    await expect(readAsked(values, operands, silent)).rejects.toThrow(message);
  });
});

describe("a refusal before anything is sent", () => {
  it.each([
    [{ ...nothing }, ["a/b"], { next: ["mooring catalog"] }],
    [
      { ...nothing, filename: ["examples/team-d.objct.yaml"] },
      [],
      /is not there\. Did you mean examples\/team-d\.object\.yaml\?$/,
    ],
    [{ ...nothing, filename: ["exmples/team-d.object.yaml"] }, [], /exmples\/team-d\.object\.yaml is not there\.$/],
  ] as const)("says what to do: %#", async (values, operands, expected) => {
    const refused = readAsked(values as Parameters<typeof readAsked>[0], operands, silent);

    if (expected instanceof RegExp) await expect(refused).rejects.toThrow(expected);
    else await expect(refused).rejects.toMatchObject(expected);
  });
});

describe("a file", () => {
  const letters = [..."abcdefghi"];
  /** Ten times ten, and so on: nine lines that expand to a billion texts. */
  const bomb = letters
    .map((name, index) => `${name}: &${name} [${Array(10).fill(index === 0 ? "x" : `*${letters[index - 1]}`)}]`)
    .join("\n");
  /** Each stands for the one before and a list around it. */
  const chained = (count: number) =>
    Array.from({ length: count }, (_, n) => `a${n}: &a${n} ${n === 0 ? "x" : `[*a${n - 1}]`}`).join("\n");
  const databases = "    - server: sql-dev\n      database: messages\n      roles: [reader, writer]\n".repeat(10);
  const large = `- cluster: aks-dev\n  namespace: team-a\n  databases:\n${databases}`.repeat(1_000);

  it.each([
    ["one document", "a: 1", 1],
    ["JSON", '{"a": 1}', 1],
    ["several documents", "a: 1\n---\na: 2\n---\n# nothing\n", 2],
    ["a list", "- a: 1\n- a: 2\n", 2],
    ["the body of a batch", "requests:\n  - a: 1\n  - a: 2\n", 2],
    ["aliases of aliases", chained(300), 1],
    ["an anchor that is set again", "- &a { x: 1 }\n- *a\n- &a { x: 2 }\n- *a\n", 4],
    ["many keys", Array.from({ length: 80_000 }, (_, n) => `a${n}: 1`).join("\n"), 1],
    ["aliases", `a: &a { x: 1 }\nb:\n${"- *a\n".repeat(100)}`, 1],
    ["many more requests than a batch takes, as JSON", JSON.stringify(Array(200_000).fill({ a: 1 })), 200_000],
    ["a batch of a thousand large requests", large, 1_000],
    ["nothing", "# only words\n", 0],
    ["empty", "", 0],
  ])("%s", async (_what, content, requests) => {
    expect(await parseRequests("teams.yaml", content)).toHaveLength(requests);
  });

  it("puts in its place what an alias stands for at that point", async () => {
    const [written] = await parseRequests("teams.yaml", "a: &x { n: 1 }\nb: *x\nc: &x { n: 2 }\nd: [*x, *x]\n*x : e");

    expect(written?.request).toEqual({
      a: { n: 1 },
      b: { n: 1 },
      c: { n: 2 },
      d: [{ n: 2 }, { n: 2 }],
      "{ n: 2 }": "e",
    });
  });

  it.each([
    ["a: 1\nb: [", "teams.yaml, line 2, column "],
    ["hello", 'teams.yaml holds "hello"'],
    ["a: 1\n---\n- 5\n", "teams.yaml, document 2, item 1 holds 5"],
    ["a: 1\nb: *c", "teams.yaml, line 2, column 4: nothing before it is marked as &c"],
    ["a: &a\n  - x\n  - *a", "teams.yaml, line 3, column 5: *a is a part of what it stands for"],
    ["---\na: &a\n  b:\n    c: *a", "teams.yaml, line 4, column 8: *a is a part of what it stands for"],
    [`a: &a 1\nb:\n${"- *a\n".repeat(101)}`, "teams.yaml, line 103, column 3: *a is used more than 100 times"],
    [bomb, /^teams.yaml, line \d, column \d+: aliases stand for too much/],
    [chained(4_000), /^teams.yaml, line \d+, column \d+: aliases stand for too much/],
    ["a: 1\nb: 2\na: 3", "teams.yaml, line 3, column 1: Map keys must be unique"],
    ["&a a: 1\n*a : 3", "teams.yaml, line 1, column 4: Map keys must be unique"],
    ["[".repeat(60_000), /^teams.yaml, line 1, column \d+: this is nested too deeply/],
    ["- ".repeat(60_000), /^teams.yaml, line 1, column \d+: this is nested too deeply/],
    ["- a\n".repeat(300_000), /^teams.yaml, line \d{6}: this YAML is too large/],
    ["---\na: 1\n".repeat(300_000), /^teams.yaml, line \d{6}: this YAML is too large/],
    [`${"[".repeat(400_000)}${"]".repeat(400_000)}`, "teams.yaml, item 1 holds a list in a list"],
    [JSON.stringify(Array(300_000).fill("a")), 'teams.yaml, item 1 holds "a"'],
    [JSON.stringify(["a".repeat(1_000_000)]), /^teams.yaml, item 1 holds "a{99}…, which is not/],
  ])("that is invalid gets a message with the place: %#", async (content, message) => {
    await expect(parseRequests("teams.yaml", content)).rejects.toThrow(message);
  });
});
