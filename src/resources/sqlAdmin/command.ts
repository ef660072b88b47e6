import type { SqlServerTarget } from "../../domain/targets/sqlDatabase.ts";

/** What sets the administrator by hand; without one in the catalog, with a place for it. */
export function adminCommand({ resourceId, entraAdmin }: SqlServerTarget): readonly string[] {
  const [, , subscription = "", , group = "", , , , server = ""] = resourceId.split("/");
  const { login, objectId } = entraAdmin ?? { login: "<group>", objectId: "<its object id>" };
  const where = ["--subscription", subscription, "--resource-group", group, "--server", server];
  return ["az", "sql", "server", "ad-admin", "create", ...where, "--display-name", login, "--object-id", objectId];
}
