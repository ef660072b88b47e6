/** Every statement that Mooring sends to PostgreSQL. Names and texts in them are quoted; PostgreSQL takes no parameters there. */
import type { PrincipalId } from "../../domain/naming/identityPair.ts";
import { quoteIdentifier as name, quoteLiteral as text } from "../../domain/naming/quoteForPostgres.ts";
import { postgresSequencePrivileges, postgresTablePrivileges } from "../../domain/targets/postgres.ts";
import {
  byDefault,
  createOnce,
  grants,
  onKinds,
  ownersIn,
  privileges,
} from "../../domain/targets/postgresStatements.ts";
import type { PostgresNotes, PostgresRights } from "../../ports/postgres.ts";

const onTables = postgresTablePrivileges.map(text).join(", ");
const onSequences = postgresSequencePrivileges.map(text).join(", ");

/**
 * $1 role, $2 principal ID or null; in database postgres alone. The service names the function's columns otherwise than its
 * documentation does, so they are taken by position.
 */
export const readRoles = `
SELECT r.rolname::text AS name, r.oid::text AS id, p.object_id AS "principalId", r.rolcanlogin AS "canLogIn",
  pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment,
  ARRAY(
    SELECT DISTINCT d.datname::text
    FROM pg_catalog.pg_shdepend AS s
    JOIN pg_catalog.pg_database AS d
      ON d.oid = s.dbid OR (s.classid = 'pg_catalog.pg_database'::regclass AND d.oid = s.objid)
    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = r.oid
    ORDER BY 1
  ) AS databases
FROM pg_catalog.pg_roles AS r
LEFT JOIN pg_catalog.pgaadauth_list_principals(false) AS p(role, type, object_id) ON p.role = r.rolname
WHERE r.rolname = $1 OR lower(p.object_id) = lower($2)
ORDER BY r.rolname <> $1, r.rolname`;

/** In database postgres alone; by position, as above. */
export const readPrincipals = `
SELECT p.role::text AS role, p.type AS type, p.object_id AS "principalId"
FROM pg_catalog.pgaadauth_list_principals(false) AS p(role, type, object_id)`;

/**
 * $1 schema; in its database. What a role can do there, however it comes by it; azuresu is the platform's. Nobody uses anything
 * without USAGE on the schema and CONNECT on the database.
 */
export const readHolders = `
WITH place AS (
  SELECT n.oid AS schema, d.oid AS database
  FROM pg_catalog.pg_database AS d JOIN pg_catalog.pg_namespace AS n ON n.nspname = $1
  WHERE d.datname = pg_catalog.current_database()
), found AS (
  SELECT r.rolname::text AS name, r.oid, r.rolsuper AS "isSuperuser",
    ARRAY(SELECT 'CONNECT' FROM place WHERE pg_catalog.has_database_privilege(r.oid, place.database, 'CONNECT'))
    || ARRAY(SELECT p FROM place, unnest(ARRAY['USAGE', 'CREATE']) AS p
      WHERE pg_catalog.has_schema_privilege(r.oid, place.schema, p)) AS simple,
    ARRAY(SELECT p || ' ON TABLES' FROM unnest(ARRAY[${onTables}]) AS p
      WHERE EXISTS (SELECT FROM place, pg_catalog.pg_class AS c WHERE c.relnamespace = place.schema
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(r.oid, c.oid, p)))
    || ARRAY(SELECT p || ' ON SEQUENCES' FROM unnest(ARRAY[${onSequences}]) AS p
      WHERE EXISTS (SELECT FROM place, pg_catalog.pg_class AS c WHERE c.relnamespace = place.schema
        AND c.relkind = 'S' AND pg_catalog.has_sequence_privilege(r.oid, c.oid, p))) AS things
  FROM pg_catalog.pg_roles AS r WHERE r.rolcanlogin AND r.rolname <> 'azuresu'
)
SELECT name, oid::text AS id, pg_catalog.shobj_description(oid, 'pg_authid') AS comment, "isSuperuser",
  simple || things AS rights
FROM found
WHERE simple @> ARRAY['CONNECT', 'USAGE'] AND ('CREATE' = ANY (simple) OR things <> '{}')
ORDER BY name`;

/** $1 role, $2 schema; in the database of the schema. No row without the schema. */
export const readSchema = `
WITH place AS (
  SELECT n.oid AS schema, n.nspacl, d.datacl, d.datdba,
    (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1) AS role
  FROM pg_catalog.pg_database AS d JOIN pg_catalog.pg_namespace AS n ON n.nspname = $2
  WHERE d.datname = pg_catalog.current_database()
), items AS (
  SELECT c.oid, c.relacl, CASE WHEN c.relkind = 'S' THEN 'SEQUENCES' ELSE 'TABLES' END AS kind
  FROM pg_catalog.pg_class AS c JOIN place ON c.relnamespace = place.schema
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relowner IS DISTINCT FROM place.role
), owners AS (
  SELECT o.oid, o.rolname,
    pg_catalog.pg_has_role(o.oid, 'USAGE') OR pg_catalog.pg_has_role(o.oid, 'USAGE WITH ADMIN OPTION') AS acted
  FROM pg_catalog.pg_roles AS o JOIN (${ownersIn("$2")}) AS found USING (oid)
  WHERE o.oid IS DISTINCT FROM (SELECT role FROM place)
), above AS (
  SELECT r.oid FROM pg_catalog.pg_roles AS r, place
  WHERE r.oid <> place.role AND pg_catalog.pg_has_role(place.role, r.oid, 'MEMBER')
), given AS (
  SELECT a.privilege_type || ' ON ' || i.kind AS "right", count(*) AS count
  FROM items AS i, place, pg_catalog.aclexplode(i.relacl) AS a WHERE a.grantee = place.role GROUP BY 1
), coming AS (
  SELECT a.privilege_type || ' ON ' || CASE d.defaclobjtype WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END AS "right",
    count(DISTINCT d.defaclrole) FILTER (WHERE d.defaclrole IN (SELECT oid FROM owners WHERE acted)) AS count
  FROM pg_catalog.pg_default_acl AS d JOIN place ON d.defaclnamespace = place.schema,
    pg_catalog.aclexplode(d.defaclacl) AS a
  WHERE d.defaclobjtype IN ('r', 'S') AND a.grantee = place.role GROUP BY 1
)
SELECT
  place.role::text AS role,
  pg_catalog.pg_get_userbyid(place.datdba)::text AS "databaseOwner",
  ARRAY(SELECT a.privilege_type FROM pg_catalog.aclexplode(place.datacl) AS a
    WHERE a.grantee = place.role AND a.privilege_type = 'CONNECT')
  || ARRAY(SELECT a.privilege_type FROM pg_catalog.aclexplode(place.nspacl) AS a WHERE a.grantee = place.role) AS simple,
  (SELECT coalesce(json_object_agg("right", count), '{}') FROM given) AS given,
  (SELECT coalesce(json_object_agg("right", count), '{}') FROM coming) AS coming,
  ARRAY(
    SELECT 'CREATE' FROM place WHERE NOT pg_catalog.has_schema_privilege('public', place.schema, 'CREATE')
      AND EXISTS (SELECT FROM above AS r WHERE pg_catalog.has_schema_privilege(r.oid, place.schema, 'CREATE'))
    UNION ALL SELECT p || ' ON TABLES' FROM unnest(ARRAY[${onTables}]) AS p
      WHERE EXISTS (SELECT FROM items AS i, above AS r WHERE i.kind = 'TABLES'
        AND pg_catalog.has_table_privilege(r.oid, i.oid, p) AND NOT pg_catalog.has_table_privilege('public', i.oid, p))
    UNION ALL SELECT p || ' ON SEQUENCES' FROM unnest(ARRAY[${onSequences}]) AS p
      WHERE EXISTS (SELECT FROM items AS i, above AS r WHERE i.kind = 'SEQUENCES'
        AND pg_catalog.has_sequence_privilege(r.oid, i.oid, p)
        AND NOT pg_catalog.has_sequence_privilege('public', i.oid, p))
    UNION SELECT a.privilege_type || ' ON ' || CASE d.defaclobjtype WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END
      FROM pg_catalog.pg_default_acl AS d JOIN place ON d.defaclnamespace = place.schema,
        pg_catalog.aclexplode(d.defaclacl) AS a
      WHERE d.defaclobjtype IN ('r', 'S') AND a.grantee IN (SELECT oid FROM above)
  ) AS inherited,
  (SELECT json_build_object('TABLES', count(*) FILTER (WHERE kind = 'TABLES'),
    'SEQUENCES', count(*) FILTER (WHERE kind = 'SEQUENCES')) FROM items) AS totals,
  (SELECT coalesce(json_agg(json_build_object('name', rolname, 'isActedFor', acted) ORDER BY rolname), '[]')
    FROM owners) AS owners,
  ARRAY(${owned("place.role", "$2")}) AS owned
FROM place`;

/** Everything in a schema that belongs to a role: in words that ALTER understands. */
function owned(role: string, schema: string): string {
  return `SELECT i.type || ' ' || i.identity
    FROM pg_catalog.pg_shdepend AS s, pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) AS i
    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = ${role} AND s.deptype = 'o'
      AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      AND i.schema = ${schema}
    ORDER BY 1`;
}

/** All that follows is all or nothing, for one change of the role at a time: locks belong to a database. */
function once(role: string, body: string): string {
  return `DO ${text(`
DECLARE mark jsonb; note record;
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('mooring'), pg_catalog.hashtext(${text(role)}));
${body}
END`)}`;
}

export function createRole({
  role,
  principalId,
  comment,
}: {
  role: string;
  principalId: PrincipalId;
  comment: string;
}) {
  return once(role, createOnce({ role, principalId, comment }));
}

interface NotesChange {
  readonly role: string;
  readonly base: string | undefined;
  readonly add?: PostgresNotes;
  readonly remove?: readonly string[];
  /** With the last note that begins so, CONNECT on the database goes. */
  readonly leaving?: { readonly unless: string; readonly database: string; readonly borrowed: readonly string[] };
}

export function amendNotes({ role, base, add = {}, remove = [], leaving }: NotesChange): string {
  const removed = `ARRAY[${remove.map(text).join(", ")}]::text[]`;
  // Another target's step may have given the role up meanwhile.
  const otherwise =
    Object.keys(add).length === 0
      ? "RETURN"
      : "RAISE EXCEPTION 'the role or its mark is gone' USING ERRCODE = 'serialization_failure'";
  const amend = once(
    role,
    `  BEGIN
    SELECT pg_catalog.shobj_description(oid, 'pg_authid')::jsonb INTO mark
    FROM pg_catalog.pg_roles WHERE rolname = ${text(role)};
  EXCEPTION WHEN invalid_text_representation THEN
    mark := NULL;
  END;${base === undefined ? "" : unlessMark(role, base)}
  IF mark -> 'grants' IS NULL THEN
    ${otherwise};
  END IF;
  mark := jsonb_set(mark, '{grants}', ((mark -> 'grants') || ${text(JSON.stringify(add))}::jsonb) - ${removed});
  EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', ${text(role)}, mark::text);${leaving ? leave(role, leaving) : ""}`,
  );
  return leaving ? transaction(leaving.borrowed, [amend]) : amend;
}

/** Another target's step may have written the mark meanwhile. */
function unlessMark(role: string, base: string): string {
  return `
  IF (mark -> 'grants' IS NULL OR mark ->> 'berth' IS DISTINCT FROM ${text(base)}::jsonb ->> 'berth')
    AND EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)}) THEN
    mark := ${text(base)};
  END IF;`;
}

function leave(role: string, { unless, database }: { readonly unless: string; readonly database: string }): string {
  return `
  IF EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = ${text(database)})
    AND NOT EXISTS (SELECT FROM jsonb_object_keys(mark -> 'grants') AS k WHERE starts_with(k, ${text(unless)})) THEN
    REVOKE CONNECT ON DATABASE ${name(database)} FROM ${name(role)};
  END IF;`;
}

/** $1 role. */
export const readComment = `
SELECT pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1`;

export function removeComment(role: string): string {
  return once(
    role,
    `  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)}) THEN
    COMMENT ON ROLE ${name(role)} IS NULL;
  END IF;`,
  );
}

interface Placed extends PostgresRights {
  readonly database: string;
  readonly schema: string;
  /** Roles for which Mooring acts only for this moment. */
  readonly borrowed: readonly string[];
}

export function grantRights({ borrowed, ...given }: Placed): string {
  return transaction(borrowed, grants(given));
}

export function revokeRights(revoked: Placed & { readonly heir: string }): string {
  const { role, rights, owners, database, schema, borrowed, heir } = revoked;
  const from = `FROM ${name(role)}`;
  return transaction(borrowed, [
    ...(rights.includes("CREATE") ? [handOver({ role, schema, heir })] : []),
    ...onKinds(rights).flatMap(({ kind, list }) => [
      revokeWhereHeld({ role, schema, kind, list }),
      ...owners.map((owner) => `${byDefault({ owner, schema })} REVOKE ${list} ON ${kind} ${from}`),
    ]),
    ...privileges(rights, "schema").map((list) => `REVOKE ${list} ON SCHEMA ${name(schema)} ${from}`),
    ...privileges(rights, "database").map((list) => `REVOKE ${list} ON DATABASE ${name(database)} ${from}`),
  ]);
}

/** Only where the role has something: a table on which Mooring may give nothing is in nobody's way. */
function revokeWhereHeld({ role, schema, kind, list }: { role: string; schema: string; kind: string; list: string }) {
  const [kinds, noun] = kind === "SEQUENCES" ? ["'S'", "SEQUENCE"] : ["'r', 'p', 'v', 'm', 'f'", "TABLE"];
  return `DO ${text(`
DECLARE thing text;
BEGIN
  FOR thing IN SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ${text(schema)} AND c.relkind IN (${kinds}) AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
      AND EXISTS (
        SELECT FROM pg_catalog.aclexplode(c.relacl) AS a JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
        WHERE r.rolname = ${text(role)}
      )
  LOOP
    EXECUTE 'REVOKE ${list} ON ${noun} ' || thing || ' FROM ' || ${text(name(role))};
  END LOOP;
END`)}`;
}

/**
 * In every database where the role has something, before it is dropped; DROP OWNED then finds only rights. One that comes late must
 * not meet another role of that name.
 */
export function releaseOwned({
  role,
  id,
  heir,
  borrowed,
}: {
  role: string;
  id: string;
  heir: string;
  borrowed: readonly string[];
}) {
  return transaction(borrowed, [
    `DO ${text(`
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)} AND oid::text = ${text(id)}) THEN
    RAISE EXCEPTION 'the role has been made anew' USING ERRCODE = 'serialization_failure';
  END IF;
END`)}`,
    `REASSIGN OWNED BY ${name(role)} TO ${name(heir)}`,
    `DROP OWNED BY ${name(role)}`,
  ]);
}

/** $1 role. Nobody else amends the role's mark, or gives it up, until the transaction ends. */
export const lockRole =
  "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('mooring'), pg_catalog.hashtext($1))";

/** $1 role. */
export const readRole = `
SELECT oid::text AS id, pg_catalog.shobj_description(oid, 'pg_authid') AS comment
FROM pg_catalog.pg_roles WHERE rolname = $1`;

export function dropRole(role: string): string {
  return `DROP ROLE IF EXISTS ${name(role)}`;
}

/** $1 roles. Which of them Mooring does not act for already, and may make itself a member of. */
export const readBorrowed = `
SELECT rolname::text AS name FROM pg_catalog.pg_roles
WHERE rolname = ANY ($1) AND NOT pg_catalog.pg_has_role(oid, 'USAGE')
  AND pg_catalog.pg_has_role(oid, 'USAGE WITH ADMIN OPTION')`;

/** $1 database. */
export const readDatabaseOwner = `
SELECT pg_catalog.pg_get_userbyid(datdba)::text AS name FROM pg_catalog.pg_database WHERE datname = $1`;

/** A right to act for a role lasts no longer than the transaction. */
function transaction(borrowed: readonly string[], statements: readonly string[]): string {
  return [
    "BEGIN",
    ...borrowed.map((role) => `GRANT ${name(role)} TO CURRENT_USER`),
    ...statements,
    ...borrowed.map((role) => `REVOKE ${name(role)} FROM CURRENT_USER`),
    "COMMIT",
  ].join(";\n");
}

function handOver({ role, schema, heir }: { role: string; schema: string; heir: string }): string {
  return `DO ${text(`
DECLARE thing text;
BEGIN
  FOR thing IN ${owned(`(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${text(role)})`, text(schema))} LOOP
    EXECUTE 'ALTER ' || thing || ' OWNER TO ' || ${text(name(heir))};
  END LOOP;
END`)}`;
}
