/** Templates from kubectl's examples and tests print the same here. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../cli/failures.ts";
import { printValue, readPath, readTemplate } from "../../cli/output/jsonPath.ts";

const nodes = {
  kind: "List",
  items: [
    {
      kind: "None",
      metadata: { name: "127.0.0.1", labels: { "kubernetes.io/hostname": "127.0.0.1" } },
      status: { capacity: { cpu: "4" }, ready: true, addresses: [{ type: "LegacyHostIP", address: "127.0.0.1" }] },
    },
    {
      kind: "None",
      metadata: { name: "127.0.0.2", labels: { "kubernetes.io/hostname": "127.0.0.2" } },
      status: {
        capacity: { cpu: "8" },
        ready: false,
        addresses: [
          { type: "LegacyHostIP", address: "127.0.0.2" },
          { type: "another", address: "127.0.0.3" },
        ],
      },
    },
  ],
  users: [
    { name: "myself", user: {} },
    { name: "e2e", user: { username: "admin", password: "secret" } },
  ],
};

describe("a template", () => {
  it.each([
    ["kind is {.kind}", "kind is List"],
    ["{['kind']}", "List"],
    ["{..name}", "127.0.0.1 127.0.0.2 myself e2e"],
    ["{.items[*].metadata.name}", "127.0.0.1 127.0.0.2"],
    ["{.users[0].name}", "myself"],
    ["{.users[-1].name}", "e2e"],
    ["{.users[-2:].name}", "myself e2e"],
    ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'],
    ['{.users[?(@.name=="e2e")].user.password}', "secret"],
    ["{.users[?(@.name!='e2e')].name}", "myself"],
    ["{.items[?(@..ready==true)].metadata.name}", "127.0.0.1"],
    ["{.items[?(@.metadata.name =~ '2$')].kind}", "None"],
    [
      "{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}",
      '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] ',
    ],
    ['{range .items[*]}{.metadata.name}{"\\t"}{end}', "127.0.0.1\t127.0.0.2\t"],
    ["{range .items[*]}{range .status.addresses[*]}{.address}, {end}{end}", "127.0.0.1, 127.0.0.2, 127.0.0.3, "],
    ["{range .items[*]}{.metadata.name}, {end}{.kind}", "127.0.0.1, 127.0.0.2, List"],
    ["{.items[0].metadata.labels.kubernetes\\.io/hostname}", "127.0.0.1"],
    ["{.items[0].metadata.labels['kubernetes\\.io/hostname']}", "127.0.0.1"],
    ['{.items[?(@.metadata.labels.kubernetes\\.io/hostname=="127.0.0.1")].kind}', "None"],
    ["before-{.hello}after", "before-after"],
    ["{range .nothing[*]}{.name}{end}", ""],
    ['{"{"}', "{"],
    ["no braces: .kind", "no braces: .kind"],
  ])("%s", (template, expected) => {
    expect(readTemplate(template)(nodes)).toBe(expected);
  });

  it.each([
    ["{[?(@<5)]}", [2, 6, 3, 7], "2 3"],
    ["{[1,3,4]}", [0, 1, 2, 3, 4], "1 3 4"],
    ["{[0:2]}", ["Monday", "Tuesday"], "Monday Tuesday"],
    ["{[1::2]}", [1, 2, 3, 4], "2 4"],
    ["{[:4:2]}", [1, 2, 3, 4], "1 3"],
    ["{..}", [1, 2, 3], "[1,2,3]"],
    ["{@}", { a: 1 }, '{"a":1}'],
    ["{[?(@.z)].id}", [{ id: "i1" }, { id: "i2", z: 1 }], "i2"],
  ])("%s of %j", (template, document, expected) => {
    expect(readTemplate(template)(document)).toBe(expected);
  });

  it.each([
    "{.items[*}",
    "{.items",
    "{hello}",
    "{range .items[*]}{.name}",
    "{end}",
    "{.items[?(@.a <> 1)]}",
    "{.a[b]}",
  ])("%s gets a message with the place of the mistake", (template) => {
    expect(() => readTemplate(template)).toThrow(UsageError);
  });
});

it("compares one value at a time, as kubectl does, and says how many there are", () => {
  const filter = readTemplate('{[?(@.databases[*].database=="billing")].namespace}');
  const reaching = (...names: readonly string[]) => ({
    namespace: "a",
    databases: names.map((database) => ({ database })),
  });

  expect(filter([reaching("billing"), reaching()])).toBe("a");
  expect(() => filter([reaching("orders", "billing")])).toThrow("@.databases[*].database has 2");
});

it("accepts a path with or without braces and the first dot", () => {
  for (const text of [".kind", "{.kind}", "kind", "{kind}"]) expect(readPath(text)(nodes)).toEqual(["List"]);
  expect(readPath(".items[*].status.ready")(nodes).map(printValue)).toEqual(["true", "false"]);
});
