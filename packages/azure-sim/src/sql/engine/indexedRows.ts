import { type Key, put, remove, type Tree, valuesAt } from "../../sortedTree.ts";

/** `id` tells rows apart and orders them. The keys of every other index tell them apart, too. */
export type Indexes<Row, Index extends string> = Readonly<Record<Index | "id", (row: Row) => Key>>;

/** Immutable rows that are found by any of their indexes. A change returns new rows and costs O(log n). */
export class IndexedRows<Row, Index extends string = never> {
  readonly #indexes: Indexes<Row, Index>;
  readonly #trees: Readonly<Record<string, Tree<Row>>>;

  private constructor(indexes: Indexes<Row, Index>, trees: Readonly<Record<string, Tree<Row>>>) {
    this.#indexes = indexes;
    this.#trees = trees;
  }

  static of<Row, Index extends string = never>(
    indexes: Indexes<Row, Index>,
    rows: readonly NoInfer<Row>[] = [],
  ): IndexedRows<Row, Index> {
    return new IndexedRows(indexes, {}).withAll(rows);
  }

  /** All rows, or those whose key in an index starts with these parts. */
  list(index: Index | "id" = "id", ...start: Key): readonly Row[] {
    return valuesAt(this.#trees[index], start);
  }

  first(index: Index | "id", ...start: Key): Row | undefined {
    return this.list(index, ...start)[0];
  }

  /** Replaces the row with the same id, if there is one. */
  with(row: Row): IndexedRows<Row, Index> {
    const before = this.first("id", ...this.#indexes.id(row));
    return (before === undefined ? this : this.without(before)).#change((tree, key) => put(tree, key(row), row));
  }

  without(row: Row): IndexedRows<Row, Index> {
    return this.#change((tree, key) => remove(tree, key(row)));
  }

  withAll(rows: readonly Row[]): IndexedRows<Row, Index> {
    return rows.reduce((changed: IndexedRows<Row, Index>, row) => changed.with(row), this);
  }

  withoutAll(rows: readonly Row[]): IndexedRows<Row, Index> {
    return rows.reduce((changed: IndexedRows<Row, Index>, row) => changed.without(row), this);
  }

  #change(change: (tree: Tree<Row>, key: (row: Row) => Key) => Tree<Row>): IndexedRows<Row, Index> {
    const indexes = Object.entries<(row: Row) => Key>(this.#indexes);
    const trees = indexes.map(([index, key]) => [index, change(this.#trees[index], key)] as const);
    return new IndexedRows(this.#indexes, Object.fromEntries(trees));
  }
}
