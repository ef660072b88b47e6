/** The audit trail's table in memory, below the code that chains it: transactions are atomic. */
import { type AuditTable, createAuditOn } from "../../../src/adapters/registry/audit.ts";
import { fromEntity } from "../../../src/adapters/registry/entities.ts";
import type { AuditEntry } from "../../../src/domain/watching/audit.ts";
import type { Audit } from "../../../src/ports/audit.ts";
import type { TableSettings } from "../../support/models/tables.ts";
import type { Call } from "./faults.ts";

type Row = Record<string, unknown> & { readonly etag: string };

/** By row key. */
export type TrailRows = Map<string, Row>;

class Refused extends Error {
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`the table refuses: ${statusCode}`);
    this.statusCode = statusCode;
  }
}

export function createTrail(rows: TrailRows, call: Call, { newEtag, isRepeated }: TableSettings): Audit {
  const table: AuditTable = {
    getEntity: (_partition, row) =>
      call("tables", "get MooringAudit", () => {
        const found = rows.get(row);
        if (!found) throw new Refused(404);
        return found;
      }),
    submitTransaction: (actions) =>
      call("tables", "append MooringAudit", () => {
        const draft = new Map(rows);
        const etags: { etag: string }[] = [];
        for (const [kind, entity, , options] of actions) {
          const current = draft.get(String(entity.rowKey));
          if (kind === "create" && current) throw new Refused(409);
          if (kind === "update" && current?.etag !== etagOf(options)) throw new Refused(412);
          const etag = newEtag();
          draft.set(String(entity.rowKey), { ...entity, etag });
          etags.push({ etag });
        }
        for (const [row, entity] of draft) rows.set(row, entity);
        // The SDK repeats it when the answer got lost, and then meets its own effect.
        if (isRepeated()) throw new Refused(412);
        return { subResponses: etags };
      }),
    listEntities: ({ queryOptions: { filter } }) => {
      const from = /RowKey ge '([^']*)'/.exec(filter)?.[1] ?? "";
      const found = [...rows].filter(([row]) => row.startsWith("e-") && row >= from);
      const sorted = found.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entity]) => entity);
      async function* walk() {
        yield* sorted;
      }
      async function* pages() {
        yield sorted;
      }
      return { [Symbol.asyncIterator]: walk, byPage: pages };
    },
  };
  return createAuditOn(async () => table);
}

export function entriesOf(rows: TrailRows): readonly AuditEntry[] {
  return [...rows].filter(([row]) => row.startsWith("e-")).map(([, entity]) => fromEntity<AuditEntry>(entity));
}

function etagOf(options: unknown): unknown {
  return typeof options === "object" && options !== null && "etag" in options ? options.etag : undefined;
}
