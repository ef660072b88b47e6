import { namesInside } from "../../domain/naming/names.ts";
import { findServer } from "../../domain/targets/sqlDatabase.ts";
import type { NamespacedObject } from "../definitions/namespacedObject.ts";

/** What an application needs to find its databases: the first as SERVER_NAME and DATABASE_NAME, all of them as JSON. */
export const configMap: NamespacedObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  name: namesInside.configMap,
  fields(catalog, { databases }) {
    const all = databases.map(({ server: alias, database }) => {
      // Databases and roles are checked where they are granted; only the address matters here.
      const server = findServer(catalog, alias);
      // `host,port` is how SQL Server clients write a port that is not 1433.
      return { server: server.port === 1433 ? server.host : `${server.host},${server.port}`, database };
    });
    return {
      data: {
        SERVER_NAME: all[0]?.server ?? "",
        DATABASE_NAME: all[0]?.database ?? "",
        DATABASES: JSON.stringify(all),
      },
    };
  },
};
