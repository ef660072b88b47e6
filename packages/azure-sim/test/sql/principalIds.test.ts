import { expect, it } from "vitest";
import { executeBatch } from "../../src/sql/engine/execute.ts";
import { parseBatch } from "../../src/sql/engine/parser.ts";
import { Database } from "../../src/sql/engine/store.ts";
import { createLocalSession } from "../../src/sql/login.ts";
import { createWorld } from "../../src/world.ts";

it("gives no user the id of a fixed role", async () => {
  const world = await createWorld();
  const database = new Database("orders", world.now());
  const session = createLocalSession(database, { world, server: "sql-dev" });
  await database.lock(session);
  // As after some 16,000 users.
  database.write(session, { ...database.read(session), nextId: 16_383 });
  database.commit(session);

  const script = "CREATE USER a WITHOUT LOGIN; CREATE USER b WITHOUT LOGIN; CREATE USER c WITHOUT LOGIN";
  expect((await executeBatch(session, parseBatch(script))).error).toBeUndefined();

  const { principals } = database.read(session);
  expect(principals.first("name", "DB_OWNER")).toMatchObject({ id: 16_384, isFixedRole: true });
  expect(["A", "B", "C"].map((name) => principals.first("name", name)?.id)).toEqual([16_383, 16_400, 16_401]);
});
