/** The same by hand: psql, as an administrator whose password is a token. */
import type { ExportedPart } from "../../../domain/export/exportScripts.ts";
import { postgresRoleName } from "../../../domain/naming/names.ts";
import { quoteLiteral } from "../../../domain/naming/quoteForPostgres.ts";
import { type PostgresPlace, rightsOf } from "../../../domain/targets/postgres.ts";
import { createOnce, grantsOfAll } from "../../../domain/targets/postgresStatements.ts";
import type { Exporting } from "../../definitions/targetFamily.ts";
import { wordsOf } from "./role.ts";

const password =
  "It is a token: PGPASSWORD=$(az account get-access-token --resource https://ossrdbms-aad.database.windows.net --query accessToken --output tsv)";

export function exportAt(place: PostgresPlace, { namespaceRef, target, access, principalId }: Exporting): ExportedPart {
  if (principalId === undefined) {
    const why = "Mooring does not know the identity's principal ID yet: verify the namespace, and export it again.";
    return { commands: [], leftOut: [{ what: target, why }] };
  }
  const role = postgresRoleName(namespaceRef);
  const psql = (database: string, statements: string) => [
    ...["psql", "--set", "ON_ERROR_STOP=1", "--dbname", connection(place, database)],
    ...["--command", statements],
  ];
  const rights = rightsOf(wordsOf(access));
  return {
    commands: [
      psql("postgres", `DO ${quoteLiteral(`BEGIN\n${createOnce({ role, principalId })}\nEND`)}`),
      psql(place.database, grantsOfAll({ ...place, role, rights }).join(";\n")),
    ],
    leftOut: [{ what: `the password of psql for ${target}`, why: password }],
  };
}

/** Only the login may have spaces and quotes (catalog). */
function connection({ host, port, login }: PostgresPlace, database: string): string {
  return `host=${host} port=${port} dbname=${database} user='${login.replaceAll(/['\\]/g, String.raw`\$&`)}' sslmode=verify-full`;
}
