/** The statements about principals and permissions: each takes the data and returns the new data. */
import { principalOf, type ServicePrincipal, type World } from "../../world.ts";
import { cannot, principalExists, SqlError } from "../errors.ts";
import type { Securable, Statement, UserOrigin } from "./ast.ts";
import {
  type DatabaseData,
  findPrincipal,
  findRole,
  findSchema,
  findTable,
  findUserBySid,
  idAfter,
  type Principal,
  principalIds,
  randomSid,
  type SecurableClass,
} from "./database.ts";
import type { Environment } from "./functions.ts";
import {
  holdsInDatabase,
  isInRole,
  mayAlterRole,
  mayAlterUser,
  mayAlterUsers,
  mayDefineSchema,
  mayDropRole,
  mayGrant,
  mayRenameUser,
  ownsSchema,
} from "./permissions.ts";
import { fold, guidToBytes } from "./sqlTypes.ts";

type Of<Kind extends Statement["kind"]> = Extract<Statement, { kind: Kind }>;

const notAllowed = () => new SqlError(15247, "User does not have permission to perform this action.");
const specialPrincipal = (name: string) => new SqlError(15405, `Cannot use the special principal '${name}'.`);

export function createUser({ name, origin, defaultSchema }: Of<"createUser">, environment: Environment): DatabaseData {
  const { data, session } = environment;
  if (!mayAlterUsers(data, session.principalId)) throw notAllowed();
  if (findPrincipal(data, name)) throw principalExists(name);
  const { sid, type } = resolveOrigin(name, origin, environment);
  if (findUserBySid(data, sid)) {
    throw new SqlError(15063, "The login already has an account under a different user name.");
  }
  return addPrincipal(
    data,
    environment,
    {
      ...{ name, type, sid, defaultSchema: defaultSchema ?? "dbo", ownerId: undefined },
      ...(origin.kind === "password" ? { password: origin.password } : {}),
    },
    ["CONNECT"],
  );
}

function addPrincipal(
  data: DatabaseData,
  { session }: Environment,
  principal: Omit<Principal, "id" | "isFixedRole" | "createdAt">,
  permissions: readonly string[],
): DatabaseData {
  const id = data.nextId;
  return {
    ...data,
    nextId: idAfter(id),
    principals: data.principals.with({ ...principal, id, isFixedRole: false, createdAt: session.world.now() }),
    grants: data.grants.withAll(
      permissions.map((permission) => ({
        class: "database" as const,
        majorId: 0,
        granteeId: id,
        grantorId: principalIds.dbo,
        permission,
      })),
    ),
  };
}

function resolveOrigin(
  name: string,
  origin: UserOrigin,
  { session }: Environment,
): Pick<Principal, "type"> & { sid: Buffer } {
  switch (origin.kind) {
    case "withoutLogin":
    case "password":
      return { type: "S", sid: randomSid() };
    case "sid":
      // Any 16 bytes are accepted, without a check that an identity has this SID. A user may therefore exist that can
      // never log in.
      if (name.includes("\\")) {
        throw new SqlError(33169, "User name cannot have backslash character, when using the TYPE option.");
      }
      if (origin.sid.length !== 16) throw new SqlError(15419, "Supplied parameter sid should be binary(16).");
      return { type: origin.type, sid: origin.sid };
    case "externalProvider": {
      if (!session.isEntra) {
        throw new SqlError(
          33159,
          `Principal '${name}' could not be created. Only connections established with Active Directory accounts can create other Active Directory users.`,
        );
      }
      const { clientId } = lookUpInEntra(name, origin.objectId, session.world, session.server);
      return { type: "E", sid: guidToBytes(clientId) };
    }
  }
}

function lookUpInEntra(name: string, objectId: string | undefined, world: World, server: string): ServicePrincipal {
  if (!world.sqlServers.get(server)?.canReadDirectory) {
    throw new SqlError(33134, `Principal '${name}' could not be resolved. Error message: ''`);
  }
  const known = [...[...world.identities.values()].map(principalOf), ...world.servicePrincipals.values()];
  if (objectId !== undefined) {
    // The name must be the display name, or the display name and a suffix.
    const found = known.find(({ principalId }) => principalId.toLowerCase() === objectId.toLowerCase());
    if (found && fold(name).startsWith(fold(found.displayName))) return found;
    throw new SqlError(37545, `'${objectId}' is not a valid object id for '${name}' or you do not have permission.`);
  }
  const [found, another] = known.filter(({ displayName }) => fold(displayName) === fold(name));
  if (another) {
    throw new SqlError(
      33131,
      `Principal '${name}' has a duplicate display name. Make the display name unique in Azure Active Directory and execute this statement again.`,
    );
  }
  if (found) return found;
  throw new SqlError(33130, `Principal '${name}' could not be found or this principal type is not supported.`);
}

/** The SID and everything that refers to the user are unaffected, because references use its id. */
export function alterUser(
  { name, newName, defaultSchema, password, oldPassword }: Of<"alterUser">,
  { data, session }: Environment,
): DatabaseData {
  const user = findPrincipal(data, name);
  if (!user || user.type === "R" || !mayAlterUser(data, session.principalId, user))
    throw cannot(`alter the user '${name}'`);
  if (user.id <= 4) throw new SqlError(15150, `Cannot alter the user '${name}'.`);
  if (newName !== undefined && !mayRenameUser(data, session.principalId, user))
    throw cannot(`alter the user '${name}'`);
  if (password !== undefined) requirePassword(user, oldPassword, { data, session });
  const holder = newName === undefined ? undefined : findPrincipal(data, newName);
  if (holder && holder.id !== user.id) throw principalExists(holder.name);
  const altered = { ...user, name: newName ?? user.name, defaultSchema: defaultSchema ?? user.defaultSchema };
  return { ...data, principals: data.principals.with(password === undefined ? altered : { ...altered, password }) };
}

/** "OLD_PASSWORD is required to change a password, unless you have ALTER ANY USER permission" (ALTER USER); with which number it is refused is not documented. */
function requirePassword(
  { name, password }: Principal,
  oldPassword: string | undefined,
  { data, session }: Pick<Environment, "data" | "session">,
): void {
  const isKnown = oldPassword !== undefined && oldPassword === password;
  if (password !== undefined && (isKnown || mayAlterUsers(data, session.principalId))) return;
  throw cannot(`alter the user '${name}'`);
}

export function dropUser({ name, ifExists }: Of<"dropUser">, { data, session }: Environment): DatabaseData {
  const user = findPrincipal(data, name);
  if (!user && ifExists) return data;
  if (!user || user.type === "R" || !mayAlterUser(data, session.principalId, user))
    throw cannot(`drop the user '${name}'`);
  if (user.id <= 4) throw new SqlError(15150, `Cannot drop the user '${name}'.`);
  return removePrincipal(data, user);
}

function removePrincipal(data: DatabaseData, principal: Principal): DatabaseData {
  const { id } = principal;
  if (data.schemas.some(({ ownerId }) => ownerId === id)) {
    throw new SqlError(15138, "The database principal owns a schema in the database, and cannot be dropped.");
  }
  if (data.principals.first("owner", id)) {
    throw new SqlError(15421, "The database principal owns a database role and cannot be dropped.");
  }
  if (data.tables.some(({ ownerId }) => ownerId === id)) {
    throw new SqlError(15183, "The database principal owns objects in the database and cannot be dropped.");
  }
  if (data.grants.list("grantor", id).some(({ granteeId }) => granteeId !== id)) {
    throw new SqlError(
      15284,
      "The database principal has granted or denied permissions to objects in the database and cannot be dropped.",
    );
  }
  return {
    ...data,
    principals: data.principals.without(principal),
    memberships: data.memberships
      .withoutAll(data.memberships.list("id", id))
      .withoutAll(data.memberships.list("member", id)),
    grants: data.grants.withoutAll(data.grants.list("grantee", id)).withoutAll(data.grants.list("id", "principal", id)),
    properties: data.properties.withoutAll(data.properties.list("id", id)),
  };
}

export function createRole({ name, owner }: Of<"createRole">, environment: Environment): DatabaseData {
  const { data, session } = environment;
  const mayCreate =
    holdsInDatabase(data, session.principalId, "CREATE ROLE") ||
    holdsInDatabase(data, session.principalId, "ALTER ANY ROLE") ||
    isInRole(data, session.principalId, "db_securityadmin");
  if (!mayCreate) throw notAllowed();
  if (findPrincipal(data, name)) throw principalExists(name);
  const ownerId = owner === undefined ? session.principalId : requirePrincipal(data, owner).id;
  return addPrincipal(data, environment, { name, type: "R", sid: undefined, defaultSchema: undefined, ownerId }, []);
}

export function dropRole({ name, ifExists }: Of<"dropRole">, { data, session }: Environment): DatabaseData {
  const role = findRole(data, name);
  if (!role && ifExists) return data;
  if (!role || !mayDropRole(data, session.principalId, role)) throw cannot(`drop the role '${name}'`);
  if (role.isFixedRole || role.id === principalIds.public) throw new SqlError(15150, `Cannot drop the role '${name}'.`);
  if (data.memberships.first("id", role.id)) {
    throw new SqlError(15144, "The role has members. It must be empty before it can be dropped.");
  }
  return removePrincipal(data, role);
}

export function alterRole(
  { role: roleName, action, member: memberName }: Of<"alterRole">,
  { data, session }: Environment,
) {
  const role = findRole(data, roleName);
  if (!role || !mayAlterRole(data, session.principalId, role)) throw cannot(`alter the role '${roleName}'`);
  if (role.id === principalIds.public) throw specialPrincipal(role.name);
  const member = findPrincipal(data, memberName);
  if (!member) throw cannot(`${action.toLowerCase()} the principal '${memberName}'`);
  if (member.id <= 4) throw specialPrincipal(member.name);
  if (member.id === role.id) throw new SqlError(15413, "Cannot make a role a member of itself.");
  const membership = { roleId: role.id, memberId: member.id };
  // Adding an existing member, or dropping one that is not a member, is not an error.
  return {
    ...data,
    memberships: action === "ADD" ? data.memberships.with(membership) : data.memberships.without(membership),
  };
}

export function alterRoleOwner({ role: name, owner }: Of<"alterRoleOwner">, { data, session }: Environment) {
  const role = findRole(data, name);
  const mayTake =
    role &&
    !role.isFixedRole &&
    role.id !== principalIds.public &&
    (holdsInDatabase(data, session.principalId, "CONTROL") || role.ownerId === session.principalId);
  if (!mayTake) throw cannot(`find the role '${name}'`);
  const ownerId = requirePrincipal(data, owner).id;
  return { ...data, principals: data.principals.with({ ...role, ownerId }) };
}

export function createSchema({ name, owner }: Of<"createSchema">, { data, session }: Environment): DatabaseData {
  if (!mayDefineSchema(data, session.principalId) && !holdsInDatabase(data, session.principalId, "CREATE SCHEMA")) {
    throw new SqlError(2759, "CREATE SCHEMA failed due to previous errors.");
  }
  if (findSchema(data, name)) throw new SqlError(2714, `There is already an object named '${name}' in the database.`);
  const ownerId = owner === undefined ? session.principalId : requirePrincipal(data, owner).id;
  return { ...data, nextId: idAfter(data.nextId), schemas: [...data.schemas, { id: data.nextId, name, ownerId }] };
}

export function dropSchema({ name, ifExists }: Of<"dropSchema">, { data, session }: Environment): DatabaseData {
  const schema = findSchema(data, name);
  if (!schema && ifExists) return data;
  const mayDrop =
    schema &&
    schema.id > 4 &&
    (mayDefineSchema(data, session.principalId) || ownsSchema(data, session.principalId, schema));
  if (!mayDrop) throw cannot(`drop the schema '${name}'`);
  const table = data.tables.find(({ schemaId }) => schemaId === schema.id);
  if (table) {
    throw new SqlError(3729, `Cannot drop schema '${name}' because it is being referenced by object '${table.name}'.`);
  }
  return { ...data, schemas: data.schemas.filter(({ id }) => id !== schema.id) };
}

export function alterSchemaOwner({ schema: name, owner }: Of<"alterSchemaOwner">, { data, session }: Environment) {
  const schema = findSchema(data, name);
  const mayAlter =
    schema &&
    schema.id > 4 &&
    (mayDefineSchema(data, session.principalId) || ownsSchema(data, session.principalId, schema));
  if (!mayAlter) throw cannot(`find the schema '${name}'`);
  const ownerId = requirePrincipal(data, owner).id;
  return { ...data, schemas: data.schemas.map((each) => (each.id === schema.id ? { ...each, ownerId } : each)) };
}

export function alterTableOwner({ table: name, owner }: Of<"alterTableOwner">, { data, session }: Environment) {
  const table = findTable(data, name);
  if (!table || !holdsInDatabase(data, session.principalId, "CONTROL")) throw cannot(`find the object '${name.name}'`);
  const ownerId = requirePrincipal(data, owner).id;
  return { ...data, tables: data.tables.map((each) => (each.id === table.id ? { ...each, ownerId } : each)) };
}

export function grant(
  { isRevoke, permissions, on, principals }: Of<"grant">,
  { data, session }: Environment,
): DatabaseData {
  const target = resolveSecurable(on, data);
  if (!mayGrant(data, session.principalId)) throw new SqlError(4613, "Grantor does not have GRANT permission.");
  const grantees = principals.map((name) => requirePrincipal(data, name).id);
  // Not to dbo, INFORMATION_SCHEMA, sys or oneself.
  if (grantees.some((id) => [principalIds.dbo, 3, 4, session.principalId].includes(id))) {
    throw new SqlError(
      4624,
      "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.",
    );
  }
  const given = grantees.flatMap((granteeId) =>
    permissions.map((permission) => ({ ...target, granteeId, grantorId: session.principalId, permission })),
  );
  if (!isRevoke) return { ...data, grants: data.grants.withAll(given) };
  // Another principal may have granted it.
  const held = given.flatMap((each) =>
    data.grants.list("id", each.class, each.majorId, each.granteeId, each.permission),
  );
  return { ...data, grants: data.grants.withoutAll(held) };
}

function resolveSecurable(on: Securable | undefined, data: DatabaseData): { class: SecurableClass; majorId: number } {
  if (!on) return { class: "database", majorId: 0 };
  const found =
    on.class === "object"
      ? findTable(data, on.name)
      : on.class === "schema"
        ? findSchema(data, on.name.name)
        : findPrincipal(data, on.name.name);
  if (!found) throw cannot(`find the ${on.class} '${on.name.name}'`);
  return { class: on.class, majorId: found.id };
}

function requirePrincipal(data: DatabaseData, name: string): Principal {
  const principal = findPrincipal(data, name);
  if (!principal) throw cannot(`find the user '${name}'`);
  return principal;
}
