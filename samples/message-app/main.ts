/**
 * The workload of the walkthrough: reads the table `messagelist` with its pod's identity and without a secret.
 * Mooring's ConfigMap gives it SERVER_NAME and DATABASE_NAME.
 */
import { readMessages } from "./messages.ts";
import { endWith, readSetting } from "./settings.ts";
import { getDatabaseToken } from "./token.ts";

await endWith(async () => {
  const server = readSetting("SERVER_NAME");
  const database = readSetting("DATABASE_NAME");
  const messages = await readMessages({ server, database, token: await getDatabaseToken() });
  return messages.map(({ id, text }) => `${id}\t${text}`);
});
