/** Every statement that Mooring sends to PostgreSQL. Names and texts in them are quoted; PostgreSQL takes no parameters there. */
import type { PrincipalId } from "../../domain/naming/identityPair.ts";
import { quoteIdentifier as name, quoteLiteral as text } from "../../domain/naming/quoteForPostgres.ts";
import { postgresSequencePrivileges, postgresTablePrivileges } from "../../domain/targets/postgres.ts";
import { byDefault, createOnce, onKinds, ownersIn, privileges } from "../../domain/targets/postgresStatements.ts";
import type { PostgresNotes, PostgresRights } from "../../ports/postgres.ts";

const onTables = postgresTablePrivileges.map(text).join(", ");
const onSequences = postgresSequencePrivileges.map(text).join(", ");

/**
 * $1 role, $2 principal ID or null; in database postgres alone. The service names the function's columns otherwise than its
 * documentation does, so they are taken by position.
 */
export const readRoles = `
SELECT r.rolname::text AS name, r.oid::text AS id, p.object_id AS "principalId", r.rolcanlogin AS "canLogIn",
  NOT r.rolcanlogin AND r.rolconnlimit = 0 AS "isShut",
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
  SELECT n.oid AS schema, n.nspowner, n.nspacl, d.datacl, d.datdba,
    (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1) AS role
  FROM pg_catalog.pg_database AS d JOIN pg_catalog.pg_namespace AS n ON n.nspname = $2
  WHERE d.datname = pg_catalog.current_database()
), items AS (
  SELECT c.oid, c.relacl, CASE WHEN c.relkind = 'S' THEN 'SEQUENCES' ELSE 'TABLES' END AS kind,
    ${actsFor("c.relowner")} AS acted
  FROM pg_catalog.pg_class AS c JOIN place ON c.relnamespace = place.schema
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relowner IS DISTINCT FROM place.role
), owners AS (
  SELECT o.oid, o.rolname,
    ${actsFor("o.oid")} AS acted
  FROM pg_catalog.pg_roles AS o JOIN (${ownersIn("$2")}) AS found USING (oid)
  WHERE o.oid IS DISTINCT FROM (SELECT role FROM place)
), above AS (
  SELECT r.oid FROM pg_catalog.pg_roles AS r, place
  WHERE r.oid <> place.role AND pg_catalog.pg_has_role(place.role, r.oid, 'MEMBER')
), given AS (
  SELECT a.privilege_type || ' ON ' || i.kind AS "right", count(*) FILTER (WHERE i.acted) AS count
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
  CASE pg_catalog.pg_get_userbyid(place.nspowner)
    WHEN 'pg_database_owner' THEN pg_catalog.pg_get_userbyid(place.datdba)
    ELSE pg_catalog.pg_get_userbyid(place.nspowner)
  END::text AS "schemaOwner",
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
  (SELECT json_build_object('TABLES', count(*) FILTER (WHERE acted AND kind = 'TABLES'),
    'SEQUENCES', count(*) FILTER (WHERE acted AND kind = 'SEQUENCES')) FROM items) AS totals,
  (SELECT coalesce(json_agg(json_build_object('name', rolname, 'isActedFor', acted) ORDER BY rolname), '[]')
    FROM owners) AS owners,
  ARRAY(${owned("place.role", "$2")}) AS owned
FROM place`;

/** Mooring acts for a role of which it is a member, or may make itself one. */
function actsFor(role: string): string {
  return `(pg_catalog.pg_has_role(${role}, 'USAGE') OR pg_catalog.pg_has_role(${role}, 'USAGE WITH ADMIN OPTION'))`;
}

/** Everything in a schema that belongs to a role; what it gives away by default is no thing. */
function owned(role: string, schema: string): string {
  return `SELECT i.type || ' ' || i.identity
    FROM pg_catalog.pg_shdepend AS s, pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) AS i
    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = ${role} AND s.deptype = 'o'
      AND s.classid <> 'pg_catalog.pg_default_acl'::regclass AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      AND i.schema = pg_catalog.quote_ident(${schema})
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
  readonly opens?: boolean | undefined;
}

export function amendNotes({ role, base, add = {}, remove = [], leaving, opens = false }: NotesChange): string {
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
  IF mark ->> 'operation' IS NOT NULL THEN${forgetPassword(role)}
  END IF;${opens ? `\n  ALTER ROLE ${name(role)} LOGIN CONNECTION LIMIT -1;` : ""}
  mark := jsonb_set(mark, '{grants}', ((mark -> 'grants') || ${text(JSON.stringify(add))}::jsonb) - ${removed});
  EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', ${text(role)}, mark::text);${leaving ? leave(role, leaving) : ""}`,
  );
  return leaving ? transaction(leaving.borrowed, [amend]) : amend;
}

/** What the service refuses to Mooring here, it refuses to the application, too. */
function forgetPassword(role: string): string {
  return `
    BEGIN
      ALTER ROLE ${name(role)} PASSWORD NULL;
    EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
      NULL;
    END;`;
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
  const { role, rights, owners, database, schema } = given;
  const to = `TO ${name(role)}`;
  return transaction(borrowed, [
    ...privileges(rights, "database").map((list) => `GRANT ${list} ON DATABASE ${name(database)} ${to}`),
    ...privileges(rights, "schema").map((list) => `GRANT ${list} ON SCHEMA ${name(schema)} ${to}`),
    ...onKinds(rights).flatMap(({ kind, list }) => [
      onEach({ role, schema, kind }, `GRANT ${list}`, "TO"),
      ...owners.map((owner) => `${byDefault({ owner, schema })} GRANT ${list} ON ${kind} ${to}`),
    ]),
  ]);
}

/** What the role owns is handed over afterwards: that needs locks. */
export function revokeRights({ role, rights, owners, database, schema, borrowed }: Placed): string {
  const from = `FROM ${name(role)}`;
  return transaction(borrowed, [
    ...onKinds(rights).flatMap(({ kind, list }) => [
      onEach({ role, schema, kind, isHeld: true }, `REVOKE ${list}`, "FROM"),
      ...owners.map((owner) => `${byDefault({ owner, schema })} REVOKE ${list} ON ${kind} ${from}`),
    ]),
    ...privileges(rights, "schema").map((list) => `REVOKE ${list} ON SCHEMA ${name(schema)} ${from}`),
    ...privileges(rights, "database").map((list) => `REVOKE ${list} ON DATABASE ${name(database)} ${from}`),
  ]);
}

interface Each {
  readonly role: string;
  readonly schema: string;
  readonly kind: "TABLES" | "SEQUENCES";
  /** Only where the role has something. */
  readonly isHeld?: boolean;
}

/** On each table of others for whose owner Mooring acts: what it may not give, it leaves out. */
function onEach({ role, schema, kind, isHeld = false }: Each, does: string, preposition: "TO" | "FROM"): string {
  const [kinds, noun] = kind === "SEQUENCES" ? ["'S'", "SEQUENCE"] : [tableKinds, "TABLE"];
  const held = `
      AND EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS a WHERE a.grantee = r.oid)`;
  return `DO ${text(`
DECLARE thing text;
BEGIN
  FOR thing IN SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, pg_catalog.pg_roles AS r
    WHERE n.nspname = ${text(schema)} AND c.relkind IN (${kinds}) AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
      AND r.rolname = ${text(role)} AND c.relowner <> r.oid${isHeld ? held : ""}
  LOOP
    EXECUTE '${does} ON ${noun} ' || thing || ' ${preposition} ' || ${text(name(role))};
  END LOOP;
END`)}`;
}

const tableKinds = "'r', 'p', 'v', 'm', 'f'";

/** $1 role, $2 schema, $3 rights. What it still has there, directly, of these. */
export const readHeld = `
SELECT a.privilege_type || ' on ' || c.relname || ', which belongs to ' || pg_catalog.pg_get_userbyid(c.relowner) AS name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles AS r ON r.rolname = $1 AND r.oid <> c.relowner,
  pg_catalog.aclexplode(c.relacl) AS a
WHERE n.nspname = $2 AND a.grantee = r.oid
  AND a.privilege_type || CASE c.relkind WHEN 'S' THEN ' ON SEQUENCES' ELSE ' ON TABLES' END = ANY ($3)
UNION ALL
SELECT a.privilege_type || ' on schema ' || n.nspname
FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS r ON r.rolname = $1, pg_catalog.aclexplode(n.nspacl) AS a
WHERE n.nspname = $2 AND a.grantee = r.oid AND a.privilege_type = ANY ($3)
ORDER BY 1`;

export function shutRole({ role, id }: Pick<Released, "role" | "id">): string {
  return once(
    role,
    `  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)} AND oid::text = ${text(id)}) THEN
    ALTER ROLE ${name(role)} NOLOGIN CONNECTION LIMIT 0;${forgetPassword(role)}
  END IF;`,
  );
}

/** An open transaction keeps what it has locked. Mooring may end the sessions of a role for which it acts. */
export function endSessions({ role, borrowed }: Pick<Released, "role" | "borrowed">): string {
  const end = `SELECT pg_catalog.pg_terminate_backend(pid, 1000) FROM pg_catalog.pg_stat_activity WHERE usename = ${text(role)}`;
  return transaction(borrowed, [end]);
}

// ——— Handing over ———

/** Whose code a table may call although it passes to the database's owner: what came with the server or an extension, and enumerations. */
const callsCode = `EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    LEFT JOIN pg_catalog.pg_type AS t ON d.refclassid = 'pg_catalog.pg_type'::regclass AND t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE d.refclassid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass,
        'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_am'::regclass, 'pg_catalog.pg_attrdef'::regclass)
      AND coalesce(e.typtype, t.typtype, '-') <> 'e'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
        WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')
      AND (d.classid, d.objid) IN (
        SELECT 'pg_catalog.pg_class'::regclass, c.oid
        UNION ALL SELECT 'pg_catalog.pg_class'::regclass, indexrelid FROM pg_catalog.pg_index WHERE indrelid = c.oid
        UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, oid FROM pg_catalog.pg_attrdef WHERE adrelid = c.oid
        UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, oid FROM pg_catalog.pg_constraint WHERE conrelid = c.oid
        UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid
          FROM pg_catalog.pg_statistic_ext WHERE stxrelid = c.oid
      )
      AND d.deptype <> 'i'
  )
  OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = c.oid)
  OR EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = c.oid)
  OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)`;

/**
 * $1 role, $2 schema or null for all; in one database. What the role owns, in words that ALTER understands, who gets it, and what is
 * done before: no function, view or table keeps more than its caller may do. Sequences of columns and multiranges follow their own.
 */
export const readOwned = `
SELECT i.schema AS schema, (
    SELECT CASE pg_catalog.pg_get_userbyid(n.nspowner)
      WHEN 'pg_database_owner' THEN pg_catalog.pg_get_userbyid(b.datdba)
      ELSE pg_catalog.pg_get_userbyid(n.nspowner) END
    FROM pg_catalog.pg_namespace AS n, pg_catalog.pg_database AS b
    WHERE pg_catalog.quote_ident(n.nspname) = i.schema AND b.datname = pg_catalog.current_database()
  )::text AS "schemaOwner", CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
    WHEN i.type = 'statistics object' THEN 'STATISTICS' ELSE i.type END || ' ' || i.identity AS thing,
  coalesce(c.relkind NOT IN ('r', 'p', 'S') OR ${callsCode}, true) AS "toHeir",
  CASE WHEN c.relkind IN ('r', 'p') THEN i.identity END AS table,
  ARRAY(
    SELECT 'ALTER ROUTINE ' || i.identity || ' SECURITY INVOKER' WHERE p.prosecdef
    UNION ALL SELECT 'ALTER VIEW ' || i.identity || ' SET (security_invoker = true)'
      WHERE c.relkind = 'v' AND pg_catalog.current_setting('server_version_num')::int >= 150000
    UNION ALL SELECT 'REVOKE ALL ON ' || i.identity || ' FROM PUBLIC'
      WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) WHERE grantee = 0)
  ) AS before
FROM pg_catalog.pg_shdepend AS s
JOIN pg_catalog.pg_roles AS r ON r.rolname = $1 AND s.refobjid = r.oid
LEFT JOIN pg_catalog.pg_class AS c ON s.classid = 'pg_catalog.pg_class'::regclass AND c.oid = s.objid
LEFT JOIN pg_catalog.pg_proc AS p ON s.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = s.objid,
  pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) AS i
WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.deptype = 'o'
  AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND s.classid <> 'pg_catalog.pg_default_acl'::regclass
  AND ($2::text IS NULL OR i.schema = pg_catalog.quote_ident($2))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = s.classid AND d.objid = s.objid
    AND c.relkind = 'S' AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_range AS m
    WHERE s.classid = 'pg_catalog.pg_type'::regclass AND m.rngmultitypid = s.objid)
ORDER BY 3`;

/** $1 heir. Whether nobody can act as it: no member but with ADMIN alone. */
export const readHeir = `
SELECT NOT r.rolcanlogin AND NOT r.rolsuper AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = r.oid
    AND (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true) OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
) AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.member = r.oid) AS "isHeir"
FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1`;

/** Whoever makes a role may administer it, and no more. */
export function createHeir({ role, heir }: { role: string; heir: string }): string {
  return `DO ${text(`
BEGIN
  CREATE ROLE ${name(heir)} NOLOGIN;
  COMMENT ON ROLE ${name(heir)} IS ${text(`Mooring: owns what role ${role} made. Drop it once it owns nothing.`)};
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END`)}`;
}

export interface OwnedThing {
  readonly schema: string | null;
  readonly thing: string;
  readonly toHeir: boolean;
  readonly table: string | null;
  readonly before: readonly string[];
}

interface HandedOver {
  readonly things: readonly OwnedThing[];
  readonly owner: string;
  readonly heir: string;
  readonly borrowed: readonly string[];
}

/** The heir may make things there only for this moment. Whoever holds a lock is not waited for. */
function handingOver({ things, owner, heir }: Omit<HandedOver, "borrowed">): readonly string[] {
  const schemas = things.flatMap(({ schema, toHeir }) => (toHeir && schema !== null ? [schema] : []));
  const each = [...new Set(schemas)];
  const plain = things.flatMap(({ table, toHeir }) => (table === null || toHeir ? [] : [`${text(table)}::regclass`]));
  return [
    "SET LOCAL lock_timeout = '2s'",
    ...each.map((schema) => `GRANT CREATE ON SCHEMA ${schema} TO ${name(heir)}`),
    ...things.flatMap(({ thing, toHeir, before }) => [
      ...before,
      `ALTER ${thing} OWNER TO ${name(toHeir ? heir : owner)}`,
    ]),
    ...each.map((schema) => `REVOKE CREATE ON SCHEMA ${schema} FROM ${name(heir)}`),
    ...(plain.length > 0 ? [unlessCode(plain)] : []),
  ];
}

/** Now that they are locked: their owner may have changed them since they were looked at. */
function unlessCode(tables: readonly string[]): string {
  return `DO ${text(`
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid IN (${tables.join(", ")}) AND (${callsCode})) THEN
    RAISE EXCEPTION 'a table calls code since a moment ago' USING ERRCODE = 'serialization_failure';
  END IF;
END`)}`;
}

export function handOver({ borrowed, ...handed }: HandedOver): string {
  return transaction(borrowed, handingOver(handed));
}

/** $1 role. Who holds locks on what it owns in this database. */
export const readLockers = `
SELECT DISTINCT a.pid, a.usename::text AS "user", a.application_name AS application, c.oid::regclass::text AS thing
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND pg_catalog.pg_get_userbyid(c.relowner) = $1 AND a.pid <> pg_catalog.pg_backend_pid()`;

interface Released extends HandedOver {
  readonly role: string;
  readonly id: string;
}

/**
 * In every database where the role has something, before it is dropped; DROP OWNED then finds only rights. One that comes late must
 * not meet another role of that name.
 */
export function releaseOwned({ role, id, borrowed, ...handed }: Released): string {
  return transaction(borrowed, [
    `DO ${text(`
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)} AND oid::text = ${text(id)}) THEN
    RAISE EXCEPTION 'the role has been made anew' USING ERRCODE = 'serialization_failure';
  END IF;
END`)}`,
    ...handingOver(handed),
    `DO ${text(`
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS s WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
    AND s.refobjid = ${text(id)}::oid AND s.deptype = 'o' AND s.classid <> 'pg_catalog.pg_default_acl'::regclass
    AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) THEN
    RAISE EXCEPTION 'the role owns more than a moment ago' USING ERRCODE = 'serialization_failure';
  END IF;
END`)}`,
    `DROP OWNED BY ${name(role)}`,
  ]);
}

/** Its default privileges go with it. */
export function dropHeir({ heir, borrowed }: { readonly heir: string; readonly borrowed: readonly string[] }): string {
  return [
    "BEGIN",
    ...borrowed.map((role) => `GRANT ${name(role)} TO CURRENT_USER`),
    `DO ${text(`
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS s WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
    AND s.refobjid = ${text(name(heir))}::regrole AND s.deptype = 'o'
    AND s.classid <> 'pg_catalog.pg_default_acl'::regclass) THEN
    DROP OWNED BY ${name(heir)};
  END IF;
END`)}`,
    dropRole(heir),
    "COMMIT",
  ].join(";\n");
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
