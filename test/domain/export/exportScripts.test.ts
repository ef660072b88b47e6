import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { printAzureCli, printKubernetes, printTsql } from "../../../src/domain/export/exportScripts.ts";
import { quoteWord } from "../../../src/domain/naming/quoteWord.ts";

const hostile = 'a\'b "c" $(touch /tmp/x) `id` ; rm -rf / \\ \n $HOME * é😀';

/** What a real shell makes of the script: each call of `az` as its list of words. */
function runShell(script: string): string[][] {
  const az = `az() { printf '%s\\0' "$@"; printf '\\1'; }\n`;
  const printed = execFileSync("/bin/sh", ["-c", az + script], { encoding: "utf8" });
  return printed
    .split("\u0001")
    .slice(0, -1)
    .map((call) => call.split("\0").slice(0, -1));
}

it("writes commands that a shell reads as intended, whatever characters a name contains", () => {
  const commands = [
    ["az", "identity", "create", "--resource-group", hostile, "--name", "-n"],
    ["az", "identity", "federated-credential", "create", "--subject", `system:${hostile}`],
  ];

  expect(runShell(printAzureCli(commands))).toEqual(commands.map(([, ...words]) => words));
});

it("quotes any words so that a shell returns them unchanged (500 in one script)", () => {
  const word = fc
    .string({ unit: "binary", maxLength: 40 })
    .filter((text) => !text.includes("\0") && !text.includes("\u0001") && text.isWellFormed());
  const words = fc.sample(word, 500);

  expect(runShell(`az ${words.map(quoteWord).join(" ")}`)).toEqual([words]);
  expect(() => quoteWord("a\0b")).toThrow(RangeError);
});

const user = {
  server: "host,1433",
  database: "orders",
  user: "u",
  sid: `0x${"AB".repeat(16)}`,
  grants: [],
};

const execute = { kind: "permission", name: "EXECUTE" } as const;

it("quotes names in T-SQL and refuses what cannot be quoted", () => {
  expect(
    printTsql([
      {
        ...user,
        user: "u]; DROP",
        grants: [
          { kind: "role", name: "r]'x", otherwise: [execute] },
          { ...execute, otherwise: [] },
        ],
      },
    ]),
  ).toBe(
    [
      "-- orders on host,1433: run this connected to that database.",
      `CREATE USER [u]]; DROP] WITH SID = 0x${"AB".repeat(16)}, TYPE = E;`,
      "IF DATABASE_PRINCIPAL_ID(N'r]''x') IS NOT NULL ALTER ROLE [r]]'x] ADD MEMBER [u]]; DROP];",
      "ELSE BEGIN",
      "  GRANT EXECUTE TO [u]]; DROP];",
      "END;",
      "GRANT EXECUTE TO [u]]; DROP];",
      "",
    ].join("\n"),
  );
  expect(() => printTsql([{ ...user, sid: "0x1; DROP" }])).toThrow(TypeError);
  expect(() => printTsql([{ ...user, grants: [{ ...execute, name: "EXECUTE; DROP", otherwise: [] }] }])).toThrow(
    TypeError,
  );
});

it("keeps a comment on its line", () => {
  const [first, second] = printTsql([{ ...user, database: "a\r\nDROP\u2028x" }]).split("\n");

  expect(first).toBe("-- a  DROP x on host,1433: run this connected to that database.");
  expect(second).toMatch(/^CREATE USER/);
});

it("writes YAML documents that read back as the objects", () => {
  const objects = [
    { kind: "A", text: hostile },
    { kind: "B", yes: "yes", on: "on", n: "0123", list: ["---"] },
  ];

  expect(parseAllDocuments(printKubernetes(objects)).map((each) => ("toJS" in each ? each.toJS() : each))).toEqual(
    objects,
  );
});
