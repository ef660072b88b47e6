import type { SqlServerTarget } from "../../domain/targets/sqlDatabase.ts";

/** The command that sets the administrator by hand; with placeholders if the catalog names none. */
export function adminCommand({ resourceId, entraAdmin }: SqlServerTarget): readonly string[] {
  const [, , subscription = "", , group = "", , , , server = ""] = resourceId.split("/");
  const { login, objectId } = entraAdmin ?? { login: "<group>", objectId: "<its object id>" };
  const where = ["--subscription", subscription, "--resource-group", group, "--server", server];
  return ["az", "sql", "server", "ad-admin", "create", ...where, "--display-name", login, "--object-id", objectId];
}
