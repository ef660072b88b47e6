/** The statements that give a role what it has, for the step that runs them and for a person who does the same by hand. */
import type { PrincipalId } from "../naming/identityPair.ts";
import { quoteIdentifier as name, quoteLiteral as text } from "../naming/quoteForPostgres.ts";
import type { PostgresRight } from "./postgres.ts";

/** Part of a block of PL/pgSQL; in database postgres alone. */
export function createOnce({
  role,
  principalId,
  comment,
}: {
  role: string;
  principalId: PrincipalId;
  comment?: string;
}): string {
  return `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${text(role)}) THEN
    PERFORM pg_catalog.pgaadauth_create_principal_with_oid(${text(role)}, ${text(principalId)}, 'service', false, false);
${comment === undefined ? "" : `    COMMENT ON ROLE ${name(role)} IS ${text(comment)};\n`}  END IF;`;
}

interface Given {
  readonly role: string;
  readonly rights: readonly PostgresRight[];
  readonly database: string;
  readonly schema: string;
}

/** On what is there. */
function grants({ role, rights, database, schema }: Given): readonly string[] {
  const to = `TO ${name(role)}`;
  return [
    ...privileges(rights, "database").map((list) => `GRANT ${list} ON DATABASE ${name(database)} ${to}`),
    ...privileges(rights, "schema").map((list) => `GRANT ${list} ON SCHEMA ${name(schema)} ${to}`),
    ...onKinds(rights).map(({ kind, list }) => `GRANT ${list} ON ALL ${kind} IN SCHEMA ${name(schema)} ${to}`),
  ];
}

/** The same for whoever does not know the owners: of those that they may act for, the tables to come are included. */
export function grantsOfAll(given: Given): readonly string[] {
  const { role, rights, schema } = given;
  const kinds = onKinds(rights);
  const ofOwner = kinds.map(({ kind, list }) => {
    const rest = ` IN SCHEMA ${name(schema)} GRANT ${list} ON ${kind} TO ${name(role)}`;
    return `      EXECUTE 'ALTER DEFAULT PRIVILEGES FOR ROLE ' || pg_catalog.quote_ident(owner) || ${text(rest)};`;
  });
  const toCome = `DECLARE owner text;
BEGIN
  FOR owner IN SELECT r.rolname FROM pg_catalog.pg_roles AS r JOIN (${ownersIn(text(schema))}) AS o USING (oid)
    WHERE r.rolname <> ${text(role)}
  LOOP
    IF pg_catalog.pg_has_role(owner, 'USAGE') THEN
${ofOwner.join("\n")}
    ELSE
      RAISE WARNING 'Tables that % makes are not included: you may not act for it.', owner;
    END IF;
  END LOOP;
END`;
  return [...grants(given), ...(kinds.length === 0 ? [] : [`DO ${text(toCome)}`])];
}

/**
 * OIDs, in the database of the schema, a literal or a parameter: of roles that own a table there, the schema or the database, or may
 * create in the schema. Tables to come are theirs.
 */
export function ownersIn(schema: string): string {
  return `SELECT d.datdba AS oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
    UNION SELECT n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${schema}
    UNION SELECT c.relowner FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION SELECT a.grantee FROM pg_catalog.pg_namespace AS n, pg_catalog.aclexplode(n.nspacl) AS a
      WHERE n.nspname = ${schema} AND a.privilege_type = 'CREATE'
    EXCEPT SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'pg_database_owner'`;
}

export function byDefault({ owner, schema }: { owner: string; schema: string }): string {
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${name(owner)} IN SCHEMA ${name(schema)}`;
}

/** One list, or none. */
export function privileges(rights: readonly PostgresRight[], on: "database" | "schema"): readonly string[] {
  const those = rights.filter((right) =>
    on === "database" ? right === "CONNECT" : right === "USAGE" || right === "CREATE",
  );
  return those.length === 0 ? [] : [those.join(", ")];
}

export function onKinds(rights: readonly PostgresRight[]) {
  return (["TABLES", "SEQUENCES"] as const).flatMap((kind) => {
    const end = ` ON ${kind}`;
    const list = rights.filter((right) => right.endsWith(end)).map((right) => right.slice(0, -end.length));
    return list.length === 0 ? [] : [{ kind, list: list.join(", ") }];
  });
}
