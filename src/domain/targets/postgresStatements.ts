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
  /** Whose tables to come are included; without any, those of whoever runs it. */
  readonly owners: readonly string[];
  readonly database: string;
  readonly schema: string;
}

export function grants({ role, rights, owners, database, schema }: Given): readonly string[] {
  const to = `TO ${name(role)}`;
  return [
    ...privileges(rights, "database").map((list) => `GRANT ${list} ON DATABASE ${name(database)} ${to}`),
    ...privileges(rights, "schema").map((list) => `GRANT ${list} ON SCHEMA ${name(schema)} ${to}`),
    ...onKinds(rights).flatMap(({ kind, list }) => [
      `GRANT ${list} ON ALL ${kind} IN SCHEMA ${name(schema)} ${to}`,
      ...(owners.length === 0 ? [undefined] : owners).map(
        (owner) => `${byDefault({ owner, schema })} GRANT ${list} ON ${kind} ${to}`,
      ),
    ]),
  ];
}

export function byDefault({ owner, schema }: { owner: string | undefined; schema: string }): string {
  const whose = owner === undefined ? "" : ` FOR ROLE ${name(owner)}`;
  return `ALTER DEFAULT PRIVILEGES${whose} IN SCHEMA ${name(schema)}`;
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
