import { describe, expect, it } from "vitest";
import { amend } from "../../src/application/amend.ts";

interface Row {
  readonly count: number;
  readonly etag: number;
}

/** One row as the tables keep it; `put` is another writer between a read and the write that follows it. */
function createTable(first: Row | undefined) {
  let row = first;
  const log: string[] = [];
  return {
    log,
    get row() {
      return row;
    },
    put(count: number) {
      row = { count, etag: (row?.etag ?? 0) + 1 };
    },
    read: async () => {
      log.push("read");
      return row;
    },
    write: async (read: Row, count: number): Promise<boolean> => {
      log.push(`write ${count}`);
      if (read.etag !== row?.etag) return false;
      row = { count, etag: read.etag + 1 };
      return true;
    },
  };
}

const what = "The record of the count";
const oneMore = ({ count }: Row) => count + 1;

describe("amend", () => {
  it("writes on the first attempt when nobody else writes, and returns the record that it read with the change", async () => {
    const table = createTable({ count: 1, etag: 1 });

    const amended = await amend({ ...table, what, next: oneMore });

    expect(amended).toEqual({ record: { count: 1, etag: 1 }, change: 2 });
    expect(table.row).toEqual({ count: 2, etag: 2 });
    expect(table.log).toEqual(["read", "write 2"]);
  });

  it("decides again from what a faster writer wrote", async () => {
    const table = createTable({ count: 1, etag: 1 });
    const seen: number[] = [];

    const amended = await amend({
      ...table,
      what,
      async next({ count }) {
        seen.push(count);
        if (seen.length === 1) table.put(10);
        return count + 1;
      },
    });

    expect(seen).toEqual([1, 10]);
    expect(amended).toMatchObject({ record: { count: 10 }, change: 11 });
    expect(table.row).toMatchObject({ count: 11 });
  });

  it("does not write again when the answer to the first write was lost", async () => {
    const table = createTable({ count: 1, etag: 1 });

    const amended = await amend({
      ...table,
      what,
      next: ({ count }) => (count === 2 ? undefined : 2),
      async write(record, count) {
        await table.write(record, count);
        return false;
      },
    });

    expect(amended).toEqual({ record: { count: 2, etag: 2 }, change: undefined });
    expect(table.log).toEqual(["read", "write 2", "read"]);
  });

  it("writes nothing when no change is needed, but does write a change that is false, zero or empty", async () => {
    const table = createTable({ count: 1, etag: 1 });

    expect(await amend({ ...table, what, next: () => undefined })).toMatchObject({ change: undefined });
    expect(table.log).toEqual(["read"]);

    expect(await amend({ ...table, what, next: () => 0 })).toMatchObject({ change: 0 });
    expect(table.row).toMatchObject({ count: 0 });
  });

  it("does not ask for a change when there is no record", async () => {
    const table = createTable(undefined);

    const amended = await amend({ ...table, what, next: oneMore });

    expect(amended).toEqual({ record: undefined, change: undefined });
    expect(table.log).toEqual(["read"]);
  });

  it.each([
    [undefined, 10],
    [3, 3],
  ])("gives up after the given number of attempts (%s) with a transient error", async (attempts, most) => {
    const table = createTable({ count: 1, etag: 1 });
    const pauses: number[] = [];

    const amending = amend({
      ...table,
      what,
      next: oneMore,
      write: async () => false,
      pause: async (attempt) => {
        pauses.push(attempt);
      },
      ...(attempts === undefined ? {} : { attempts }),
    });

    await expect(amending).rejects.toMatchObject({
      name: "TransientError",
      code: "REGISTRY_UNAVAILABLE",
      message: `The record of the count changed ${most} times.`,
    });
    expect(table.log).toHaveLength(most);
    // There is no pause after the last attempt.
    expect(pauses).toEqual(Array.from({ length: most - 1 }, (_, index) => index + 1));
  });

  it("fails with the error of the function that refuses the record", async () => {
    const table = createTable({ count: 1, etag: 1 });
    const next = () => {
      throw new Error("it has ended");
    };

    await expect(amend({ ...table, what, next })).rejects.toThrow("it has ended");
    expect(table.log).toEqual(["read"]);
  });
});
