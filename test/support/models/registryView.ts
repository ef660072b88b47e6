/** The registry's rows in memory as its records, for tests that read them and put others in their place. */
import { namespaceRowOf } from "../../../src/adapters/registry/namespaceRows.ts";
import { operationsPartition } from "../../../src/adapters/registry/operationRows.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type {
  AnyOperation,
  BatchAsk,
  BatchItem,
  BatchRecord,
  OpenBatch,
  OperationRecord,
  StepRecord,
  Stored,
  WaitingRequest,
} from "../../../src/domain/operation/records.ts";
import { MapView } from "./mapView.ts";
import { type Rows, readRow } from "./tables.ts";

export interface RegistryView {
  /** By `cluster/namespace`. */
  readonly namespaces: Map<string, Stored<NamespaceRecord>>;
  readonly operations: Map<string, Stored<OperationRecord>>;
  readonly batches: Map<string, Stored<BatchRecord>>;
  readonly openBatches: Map<string, Stored<OpenBatch>>;
  itemsOf(batch: string): readonly Stored<BatchItem & BatchAsk>[];
  /** By `operation name target`. */
  readonly steps: Map<string, StepRecord>;
  /** By sequence number. */
  readonly waiting: Map<number, WaitingRequest>;
}

/** Of tables that the registry has opened. */
export function viewRegistry(tables: ReadonlyMap<string, Rows>): RegistryView {
  const view = <K, V extends object>(table: string, form: Form<K, V>) => new RowsView(rowsOf(tables, table), form);
  const operationsOf = <R extends AnyOperation>(isOne: (kind: AnyOperation["kind"]) => boolean) =>
    view<string, Stored<R>>("MooringOperations", {
      placeOf: (id) => `${operationsPartition}\n${id}`,
      keyOf: ({ id }) => id,
      // The ID of the installation has none.
      isOne: ({ kind }) => kind !== undefined && isOne(kind),
    });
  return {
    namespaces: view<string, Stored<NamespaceRecord>>("MooringNamespaces", {
      placeOf: (fullName) => fullName.replace("/", "\n"),
      keyOf: ({ cluster, namespace }) => `${cluster}/${namespace}`,
      toRow: namespaceRowOf,
      // What only the table has.
      fromRow: ({ expiresTime: _sought, changedTime: _changed, ...record }) => record as Stored<NamespaceRecord>,
    }),
    operations: operationsOf<OperationRecord>((kind) => kind !== "batch"),
    batches: operationsOf<BatchRecord>((kind) => kind === "batch"),
    openBatches: view<string, Stored<OpenBatch>>("MooringBatches", {
      placeOf: (id) => `open\n${id}`,
      keyOf: ({ id }) => id,
    }),
    itemsOf: (batch) =>
      [...rowsOf(tables, "MooringBatchItems").values()]
        .filter(({ partition }) => partition === batch)
        .map((row) => readRow(row) as Stored<BatchItem & BatchAsk>),
    steps: view<string, StepRecord>("MooringSteps", {
      placeOf(key) {
        const [operation, name, ...target] = key.split(" ");
        return `${operation}\n${encodeURIComponent(`${name}:${target.join(" ")}`)}`;
      },
      keyOf: ({ name, target }, operation) => `${operation} ${name} ${target}`,
      fromRow: ({ etag: _newest, ...record }) => record as StepRecord,
    }),
    waiting: view<number, WaitingRequest>("MooringWaiting", {
      placeOf(sequenceNumber, record) {
        const row = `\n${String(sequenceNumber).padStart(20, "0")}`;
        if (record) return `${record.cluster}:${record.namespace}${row}`;
        return [...rowsOf(tables, "MooringWaiting").keys()].find((place) => place.endsWith(row)) ?? row;
      },
      keyOf: ({ sequenceNumber }) => sequenceNumber,
    }),
  };
}

function rowsOf(tables: ReadonlyMap<string, Rows>, table: string): Rows {
  const rows = tables.get(table);
  if (!rows) throw new Error(`the registry has no table ${table}`);
  return rows;
}

type TableRow = object & { readonly etag?: string; readonly changedTime?: string; readonly expiresTime?: string };

interface Form<K, V> {
  /** Partition and row; the record is given when it is written. */
  readonly placeOf: (key: K, record?: V) => string;
  readonly keyOf: (record: V, partition: string) => K;
  readonly toRow?: (record: V) => object;
  readonly fromRow?: (row: TableRow) => V;
  /** Where records of other kinds share the table. */
  readonly isOne?: (record: V) => boolean;
}

type Row = Rows extends Map<string, infer R> ? R : never;

class RowsView<K, V extends object> extends MapView<K, V> {
  readonly #rows: Rows;
  readonly #form: Form<K, V>;

  constructor(rows: Rows, form: Form<K, V>) {
    super();
    this.#rows = rows;
    this.#form = form;
  }

  override get(key: K) {
    const row = this.#rows.get(this.#form.placeOf(key));
    return row && this.#show(row);
  }
  override set(key: K, record: V) {
    const place = this.#form.placeOf(key, record);
    const { toRow = (row) => row } = this.#form;
    const { etag, changedTime, ...row } = { etag: "set by the test", changedTime: undefined, ...toRow(record) };
    this.#rows.set(place, { partition: place.split("\n")[0] ?? "", etag, changedTime, record: row });
    return this;
  }
  override delete(key: K) {
    return this.#rows.delete(this.#form.placeOf(key));
  }
  override *entries(): MapIterator<[K, V]> {
    for (const row of this.#rows.values()) {
      const record = this.#show(row);
      if (record) yield [this.#form.keyOf(record, row.partition), record];
    }
  }

  #show(row: Row): V | undefined {
    const { fromRow = (row) => row as V, isOne = () => true } = this.#form;
    const record = fromRow(readRow(row));
    return isOne(record) ? record : undefined;
  }
}
