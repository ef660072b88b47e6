/** Microsoft's parser for Azure SQL reads every T-SQL text that Mooring renders, whatever names are in it. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { describe, expect, it } from "vitest";
import { changeBatch, inspectAllBatch, inspectBatch, membersBatch } from "../../src/adapters/sql/statements.ts";
import { printTsql } from "../../src/domain/export/exportScripts.ts";
import { grantsOf } from "../../src/domain/targets/databaseRoles.ts";
import type { UserChange } from "../../src/ports/databases.ts";
import { lackOfRights, ownRights } from "../../src/resources/target/sqlDatabase/ownRights.ts";
import { statementsFor } from "../../tools/azure/grantDatabase.ts";
import { principalIdOf } from "../support/ids.ts";
import { findTsqlParser } from "./support/tsql.ts";

const root = dirname(dirname(import.meta.dirname));

/** Names that contain the end of an identifier, a string, a comment or a line. */
const hostile = [
  "]",
  "]]",
  "x]; DROP USER [dbo]; --",
  "x]]; DROP USER [dbo]; --",
  "'; DROP TABLE users; --",
  "/*",
  "*/ DROP USER [dbo]",
  "a\r\nGO\r\nDROP USER [dbo]",
  '"',
  "$(var)",
  "🦊",
  "team\u202Eevil",
  "x\uFF3D",
  "a".repeat(128),
];
const plain = "id-team-a";
const sid = `0x${"0A".repeat(16)}`;

function changesOf(user: string, role: string): readonly UserChange[] {
  return [
    { kind: "createFromSid", user, sid },
    { kind: "createFromProvider", user, objectId: principalIdOf("00000000-0000-4000-8000-000000000001") },
    { kind: "addRole", user, role },
    { kind: "removeRole", user, role },
    { kind: "grant", user, permission: "EXECUTE" },
    { kind: "revoke", user, permission: "EXECUTE" },
    { kind: "mark", user, mark: "team-a" },
    { kind: "mark", user, mark: undefined },
    { kind: "drop", user },
  ];
}

const execute = { kind: "permission", name: "EXECUTE" } as const;

/** Each text separately, with the name in every possible position. */
async function textsWith(name: string): Promise<readonly string[]> {
  const changes = changesOf(name, name);
  const grant = await statementsFor({ name, clientId: "00000000-0000-4000-8000-000000000001" });
  return [
    ...changes.map((change) => changeBatch([change]).text),
    changeBatch(changes).text,
    printTsql([
      {
        ...{ server: name, database: name, user: name, sid },
        grants: [
          { kind: "role", name, otherwise: [{ kind: "role", name: "db_datareader" }, execute] },
          { kind: "role", name: "db_owner", otherwise: [] },
          { ...execute, otherwise: [] },
        ],
      },
    ]),
    grant.create,
    grant.rest,
    ownRights(name).join("\n"),
  ];
}

/** What an owner of a database is told to run for bundles on a schema, and for roles of the owner's. */
const onSchemas = ["reader@sales", "writer@sales", "executor@sales", "role:reports"].map((role) => {
  const gives = grantsOf([role]);
  const missing = lackOfRights("sql-dev/orders", { users: [], roles: [] }, { user: plain, gives, changes: [] });
  return missing?.message.split("has to run there: ")[1] ?? "";
});

const fixed = [
  ...onSchemas,
  inspectBatch({ name: plain, sid }).text,
  inspectAllBatch().text,
  membersBatch().text,
  ownRights(plain).join("\n"),
  ...(await Promise.all(
    ["infra/sql/database-user.sql", "examples/messagelist.sql"].map((file) => readFile(join(root, file), "utf8")),
  )),
];

it("has the forms on a schema in the table", () => {
  expect(onSchemas.slice(0, 3).every((text) => text.includes(" ON SCHEMA::[sales] TO [mooring_"))).toBe(true);
  expect(onSchemas[3]).toBe(
    "IF DATABASE_PRINCIPAL_ID(N'reports') IS NULL CREATE ROLE [reports] AUTHORIZATION [dbo]; GRANT ALTER ON ROLE::[reports] TO [mooring];",
  );
});

it("quotes each hostile name into a single name", async () => {
  // The parser below checks more; this check also works without it.
  for (const name of hostile) {
    const [create = ""] = await textsWith(name);
    const quoted = /CREATE USER \[((?:[^\]]|\]\])*)\] WITH/.exec(create)?.[1];

    expect(quoted?.replaceAll("]]", "]")).toBe(name);
  }
});

const parse = await findTsqlParser();
if (parse === undefined) {
  sayNotRun("T-SQL was not read by Microsoft's parser, for dotnet is not on the PATH.");
} else {
  describe("Microsoft's parsers", () => {
    it("find nothing wrong with texts without names", async () => {
      const readings = await parse(fixed);

      expect(readings.flat().map(({ parser }) => parser)).toEqual(
        fixed.flatMap(() => ["TSql160Parser", "TSql180Parser"]),
      );
      expect(readings.flat().flatMap(({ errors }) => errors)).toEqual([]);
    });

    it("read the same statements whatever the names are, and the names unchanged", async () => {
      const harmless = await textsWith(plain);
      const all = (await Promise.all([plain, ...hostile].map(textsWith))).flat();

      const readings = await parse(all);

      expect(readings.flat().flatMap(({ errors }) => errors)).toEqual([]);
      for (const [index, name] of [plain, ...hostile].entries()) {
        for (const [text] of harmless.entries()) {
          const [expected, found] = [readings[text], readings[index * harmless.length + text]];
          expect(found?.map(({ statements }) => statements)).toEqual(expected?.map(({ statements }) => statements));
          expect(found?.map(({ names }) => names)).toEqual(
            expected?.map(({ names }) => names.map((each) => (each === plain ? name : each))),
          );
        }
      }
    });

    it("reject a broken text", async () => {
      const readings = await parse(["CREATE USER [x WITH SID = 0x00, TYPE = E;", "ALTER ROLE [a] ADD MEMBRE [b];"]);

      expect(readings.flat().filter(({ errors }) => errors.length === 0)).toEqual([]);
    });
  });
}
