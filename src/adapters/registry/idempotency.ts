/** Keys in table MooringIdempotency: partition caller, row key, both as hashes, since either may hold any character. */
import { createHash } from "node:crypto";
import type { IdempotencyRecord } from "../../domain/http/idempotency.ts";
import type { IdempotencyKeys } from "../../ports.ts";
import { openTables, type Table, type TableSettings, table } from "./tables.ts";

export function createIdempotencyKeys(settings: TableSettings): IdempotencyKeys {
  return createIdempotencyKeysOn(table(openTables(settings), "MooringIdempotency"));
}

/** On any table, so that a test can keep it in memory and let each of its calls fail. */
export function createIdempotencyKeysOn(keys: Table<IdempotencyRecord>): IdempotencyKeys {
  return {
    find: ({ caller, key }) => keys.get(hash(caller), hash(key)),
    insert: (record) => keys.insert(hash(record.caller), hash(record.key), record),
    replace: (record) => keys.replace(hash(record.caller), hash(record.key), record),
    answer: ({ caller, key }, answer) => keys.merge(hash(caller), hash(key), { answer }),
    async release({ caller, key }) {
      await keys.remove(hash(caller), hash(key), "*");
    },
    expire: ({ caller, key }, claimedTime) => keys.merge(hash(caller), hash(key), { claimedTime }),
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
