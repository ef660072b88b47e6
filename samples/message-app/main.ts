/**
 * The workload of the walkthrough: reads the table `messagelist` with its pod's identity and without a secret.
 * Mooring's ConfigMap gives it SERVER_NAME and DATABASE_NAME.
 */
import { type Message, readMessages } from "./messages.ts";
import { exitCodes, Refusal } from "./refusal.ts";
import { getDatabaseToken } from "./token.ts";

try {
  const server = readSetting("SERVER_NAME");
  const database = readSetting("DATABASE_NAME");
  print(await readMessages({ server, database, token: await getDatabaseToken() }));
} catch (error) {
  const refusal = error instanceof Refusal ? error : new Refusal("unexpected", String(error), { cause: error });
  console.error(refusal.message);
  process.exitCode = exitCodes[refusal.kind];
}

function readSetting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Refusal("configuration", `${name} is not set; take it from the ConfigMap mooring-databases.`);
  return value;
}

function print(messages: readonly Message[]): void {
  for (const { id, text } of messages) console.log(`${id}\t${text}`);
}
