/**
 * A workload with a PostgreSQL schema: adds a line to the table `entries`, and prints all of them. Mooring's ConfigMap gives it PGHOST,
 * PGPORT, PGDATABASE and PGUSER, which the driver reads by itself, and PGSCHEMA; its password is a token of the pod's identity.
 */
import { endWith, readSetting } from "../message-app/settings.ts";
import { addEntry, readEntries, withLedger } from "./entries.ts";

await endWith(async () => {
  const schema = readSetting("PGSCHEMA");
  readSetting("PGHOST");
  return await withLedger(schema, async (ledger) => {
    await addEntry(ledger, "No password was needed.");
    return await readEntries(ledger);
  });
});
