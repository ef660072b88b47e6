import { expect, it } from "vitest";
import { firstRows, rowsAfter } from "../../../src/adapters/registry/paging.ts";
import { printCursor, readCursor } from "../../../src/domain/http/cursor.ts";

type Row = { partitionKey: string; rowKey: string };

async function* pagesOf(...pages: readonly { rows: readonly Row[]; token?: string }[]) {
  for (const { rows, token } of pages) yield Object.assign([...rows], token ? { continuationToken: token } : {});
}

const row = (rowKey: string) => ({ partitionKey: "p", rowKey });

it("goes on when the service returns a page without rows before the end", async () => {
  const found = await firstRows(pagesOf({ rows: [], token: "a" }, { rows: [], token: "b" }, { rows: [row("r")] }));

  expect(found).toEqual({ rows: [row("r")] });
});

it("names the last row that was shown, whatever the service names", async () => {
  const { continuation = "" } = await firstRows(pagesOf({ rows: [row("r1"), row("r2")], token: "of-another-team" }));

  expect(readCursor(continuation)).toEqual({ partition: "p", row: "r2" });
});

it("asks for the rows after that one, in one partition and in several", () => {
  const continuation = printCursor({ partition: "it's", row: "o'clock" });

  expect(rowsAfter(continuation, "it's")).toBe("RowKey gt 'o''clock'");
  expect(rowsAfter(continuation, undefined)).toBe(
    "PartitionKey ge 'it''s' and (PartitionKey gt 'it''s' or RowKey gt 'o''clock')",
  );
  expect(rowsAfter(undefined, undefined)).toBe("");
});

it.each(["", "e30", "bm8", "null", Buffer.from('{"partition":1,"row":"r"}').toString("base64url")])(
  "rejects %j as a continuation",
  (text) => {
    expect(readCursor(text)).toBeUndefined();
    expect(() => rowsAfter(text, undefined)).toThrow(TypeError);
  },
);
