/** Two schemas on one PostgreSQL server, which share a role: undone at every write, as other kinds (targetKinds.test.ts). */
import { expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Call } from "../proof/support/faults.ts";
import { admins, createPostgresModel, createServer, makeItem } from "../proof/support/postgres.ts";
import { createFakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { everyEntry } from "../support/targetEntries.ts";

const schemas = ["public", "ledger"];
const { targets } = Catalog.parse({
  ...usual,
  targets: Object.fromEntries(schemas.map((schema) => [schema, { ...everyEntry["postgresql"], schema }])),
});
const request = OnboardingRequest.parse({
  ...{ cluster: "aks-dev", namespace: "team-a" },
  targets: schemas.map((target) => ({ target, access: ["write"] })),
});

type Moment = "before" | "after";

/** A cloud that refuses one write, counted over all of its services. */
function refusing(refused: number, moment: Moment) {
  const cloud = createFakeCloud({ targets });
  const server = createServer({ books: schemas });
  for (const schema of schemas)
    makeItem(server, { database: "books", schema, name: "entries", kind: "TABLES", owner: admins });
  let writes = 0;
  const count = (what: string) => {
    writes += 1;
    if (writes === refused) throw new PermanentError("POSTGRES_FORBIDDEN", `${what} is refused`);
  };
  cloud.onWrite = ({ when, what }) => {
    if (when === moment) count(what);
  };
  const call: Call = async (_wire, name, effect) => {
    const isWrite = /^(create|amend|grant|revoke|release|drop|remove) /.test(name);
    if (isWrite && moment === "before") count(name);
    const result = effect();
    if (isWrite && moment === "after") count(name);
    return result;
  };
  const postgres = createPostgresModel(server, call, { isInTenant: () => true, newId: () => `${writes}` });
  providePorts(Object.assign(cloud.ports, { postgres }));
  return { cloud, server };
}

it.each<Moment>(["before", "after"])("is undone when a write fails, whichever it is, %s its effect", async (moment) => {
  let written = 0;
  for (let refused = 1; ; refused += 1) {
    const { cloud, server } = refusing(refused, moment);
    const { operation } = await operate(cloud, "onboard", request);
    if (operation.status === "Succeeded") {
      expect(new Set([...server.rights.values()].map(({ schema }) => schema ?? ""))).toEqual(new Set(["", ...schemas]));
      break;
    }
    if (operation.error?.message.match(/role|mark|grant/)) written += 1;
    expect([...server.rights], `write ${refused}`).toEqual([]);
    expect(
      [...server.roles.keys()].filter((name) => name.startsWith("mooring-")),
      `write ${refused}`,
    ).toEqual([]);
    expectNothingLeft(cloud);
  }
  // The role, its mark, and the rights on each schema.
  expect(written).toBeGreaterThanOrEqual(4);
});
