import { findDatabase } from "../../domain/catalog/targets.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { berthKey, identityName } from "../../domain/naming/names.ts";
import { readMark } from "../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import type { DatabaseRequest } from "../../domain/request/request.ts";
import type { DatabaseUser, Ports } from "../../ports.ts";
import { grantsOf } from "../resources/databaseUser.ts";
import type { Look } from "./inspectionSubject.ts";

export async function inspectDatabase(
  { catalog, databases }: Pick<Ports, "catalog" | "databases">,
  { request, clientId }: Look,
  database: DatabaseRequest,
): Promise<readonly Finding[]> {
  const target = `${database.server}/${database.database}`;
  const name = identityName(request);
  const sid = sidFromClientId(clientId);
  const { users } = await databases.inspect(findDatabase(catalog, { ...database, roles: [] }), { name, sid });
  const user = users.find((each) => each.name === name);
  if (!user) {
    const namesake = users.find((each) => each.sid === sid);
    return [
      namesake
        ? finding("USER_RENAMED", target, { field: "user", expected: name, found: namesake.name })
        : finding("USER_MISSING", target, { field: "user", expected: name, found: null }),
    ];
  }
  const findings: Finding[] = [];
  if (user.sid !== sid) {
    findings.push(finding("USER_SID_STALE", target, { field: "sid", expected: sid, found: user.sid }));
  }
  return [...findings, ...compareRights(target, user, { database, key: berthKey(request) })];
}

function compareRights(
  target: string,
  user: DatabaseUser,
  { database, key }: { database: DatabaseRequest; key: string },
): readonly Finding[] {
  const desired = grantsOf(database.roles).map(({ name }) => name);
  const held = [...user.roles, ...user.permissions];
  const mark = readMark(user.mark);
  const isOurs = mark?.berth === key;
  const missing = desired
    .filter((name) => !held.includes(name))
    .map((name) => finding("GRANT_MISSING", target, { field: name, expected: "granted", found: null }));
  const more = held
    .filter((name) => !desired.includes(name))
    .map((name) =>
      isOurs && name in mark.grants
        ? finding("GRANT_SURPLUS", target, { field: name, expected: null, found: "granted by Mooring" })
        : finding("GRANT_ADDED", target, { field: name, expected: null, found: "granted by somebody else" }),
    );
  const schemas = user.ownedSchemas.map((schema) =>
    finding("SCHEMA_OWNED", target, { field: "schema", expected: null, found: schema }),
  );
  return [...missing, ...more, ...schemas];
}
