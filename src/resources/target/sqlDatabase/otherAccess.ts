/** Users of a database, and the server's administrator, with the rights that Mooring did not give. */
import { defined } from "../../../domain/defined.ts";
import { namespaceKey } from "../../../domain/naming/names.ts";
import { readMark } from "../../../domain/naming/ownership.ts";
import { type DatabaseTarget, keyOf } from "../../../domain/targets/sqlDatabase.ts";
import type { DatabaseUser } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import { type OtherAccess, type Owner, type Owners, recordedMarkOf } from "../../definitions/otherAccess.ts";
import { userId } from "./knownMark.ts";

/** As sys.database_principals.type_desc says it. */
const types: Readonly<Record<string, string>> = {
  ...{ E: "EXTERNAL_USER", X: "EXTERNAL_GROUP", S: "SQL_USER" },
  ...{ C: "CERTIFICATE_MAPPED_USER", K: "ASYMMETRIC_KEY_MAPPED_USER" },
};

export async function othersInDatabase(
  { databases, sqlServers }: Pick<Ports, "databases" | "sqlServers">,
  target: DatabaseTarget,
  owners: Owners,
): Promise<readonly OtherAccess[]> {
  const [{ users, self }, server] = await Promise.all([
    databases.inspectAll(target),
    sqlServers.inspect(target.server),
  ]);
  const key = keyOf({ server: target.server.alias, database: target.database });
  const { entraAdmin } = server ?? {};
  return [
    ...(entraAdmin
      ? [{ name: entraAdmin.login, type: "administrator of the server", rights: [{ right: "everything" }] }]
      : []),
    ...users.flatMap((user) => besidesMooring(user, { key, owners, isMooring: user.name === self })),
  ];
}

function besidesMooring(
  user: DatabaseUser,
  { key, owners, isMooring }: { readonly key: string; readonly owners: Owners; readonly isMooring: boolean },
): readonly OtherAccess[] {
  const owner = owners.bySid(user.sid);
  const given = givenByMooring(user, { key, owner, owners });
  const rights = rightsOf(user).filter((right) => !given?.has(right));
  // Nobody logs in as a user without CONNECT, whatever else it has.
  if (user.isDisabled === true && !user.roles.includes("db_owner")) return [];
  if (rights.length === 0 && given) return [];
  return [
    defined({
      name: user.name,
      type: types[user.type] ?? user.type,
      owner,
      isMooring: isMooring || undefined,
      // Everything else that it can do, everybody can who may connect.
      rights: (rights.length === 0 ? ["CONNECT"] : rights).map((right) => ({ right })),
    }),
  ];
}

function rightsOf({ roles, permissions, otherPermissions = [], ownedSchemas }: DatabaseUser): readonly string[] {
  return [
    ...roles,
    ...permissions,
    ...otherPermissions.filter((each) => !each.startsWith("DENY ")).map((each) => each.replace(/^GRANT /, "")),
    ...ownedSchemas.map((schema) => `owner of schema ${schema}`),
  ];
}

/** Undefined if it is nobody to whom Mooring gives anything there. */
function givenByMooring(
  user: DatabaseUser,
  { key, owner, owners }: { key: string; owner: Owner | undefined; owners: Owners },
): ReadonlySet<string> | undefined {
  if (owner && !owner.hasTarget) return undefined;
  const mark = readMark(user.mark) ?? readMark(owner && recordedMarkOf(owner, key, userId(user)));
  const isOwn = mark && (owner ? mark.berth === namespaceKey(owner.namespaceRef) : owners.isUnsure(mark.berth));
  if (isOwn) return new Set(Object.keys(mark.grants));
  // One that was there before, and had what was asked for, has no mark.
  return owner && new Set();
}
