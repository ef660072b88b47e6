/** Keys in table MooringIdempotency: the caller is the partition and the key the row, both hashed, since either may hold any character. */

import { createHash } from "node:crypto";
import type { IdempotencyRecord } from "../../domain/http/idempotency.ts";
import { inGroups } from "../../domain/inGroups.ts";
import type { Claimed, IdempotencyKeys } from "../../ports/idempotencyKeys.ts";
import { openTables, type Table, type TableSettings, table } from "./tables.ts";

export function createIdempotencyKeys(settings: TableSettings): IdempotencyKeys {
  return createIdempotencyKeysOn(table(openTables(settings), "MooringIdempotency", settings.unreadable));
}

const pageSize = 500;
const atOnce = 20;

/** On any table, so that a test can keep it in memory and make each of its calls fail. */
export function createIdempotencyKeysOn(keys: Table<IdempotencyRecord>): IdempotencyKeys {
  const find: IdempotencyKeys["find"] = ({ caller, key }) => keys.get(hash(caller), hash(key));
  /** The key, if nobody has claimed it since. */
  const findOwn = async ({ claimedTime, ...key }: Claimed) => {
    const current = await find(key);
    return current?.claimedTime === claimedTime ? current : undefined;
  };
  return {
    find,
    insert: (record) => keys.insert(hash(record.caller), hash(record.key), record),
    replace: (record) => keys.replace(hash(record.caller), hash(record.key), record),
    async answer({ caller, key }, answer) {
      await keys.amend(hash(caller), hash(key), { etag: "*", changes: { answer } });
    },
    async release(claimed) {
      const own = await findOwn(claimed);
      if (own) await keys.remove(hash(own.caller), hash(own.key), own.etag);
    },
    async expire(claimed, claimedTime) {
      const own = await findOwn(claimed);
      if (own) await keys.amend(hash(own.caller), hash(own.key), { etag: own.etag, changes: { claimedTime } });
    },
    async removeClaimedBefore(time, most) {
      let removed = 0;
      let continuation: string | undefined;
      do {
        const left = most - removed;
        const page = await keys.page([["claimedTime", time, "lt"]], Math.min(pageSize, left), continuation);
        const old = page.value.slice(0, left);
        const gone = await inGroups(old, atOnce, ({ caller, key, etag }) => keys.remove(hash(caller), hash(key), etag));
        removed += gone.filter(Boolean).length;
        continuation = page.continuation;
      } while (continuation !== undefined && removed < most);
      return removed;
    },
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
