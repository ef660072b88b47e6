import { expect, it } from "vitest";
import { createUnreadableRows, readEach, UnreadableRow } from "../../../src/adapters/registry/unreadableRows.ts";

const hourMs = 3_600_000;

function open() {
  let time = 0;
  const lines: string[] = [];
  const rows = createUnreadableRows({ now: () => time, warn: (line) => void lines.push(line) });
  const meet = (row: string) => rows.note(new UnreadableRow("MooringSteps", { partition: "op", row }, "it is odd"));
  const pass = (ms: number) => {
    time += ms;
  };
  return { rows, lines, meet, pass };
}

it("tells of each row once an hour, with its key, however often it is met", () => {
  const { rows, lines, meet, pass } = open();

  for (const row of ["one", "two", "one"]) meet(row);
  expect(lines).toEqual([
    'row not read row="MooringSteps op/one" reason="row \\"op/one\\" of MooringSteps cannot be read: it is odd"',
    expect.stringContaining("MooringSteps op/two"),
  ]);
  expect(rows.count()).toBe(2);

  pass(hourMs / 2);
  meet("one");
  pass(hourMs / 2);
  meet("one");
  expect(lines).toHaveLength(3);
  // Nobody has met the other one within the hour: it was repaired.
  expect(rows.count()).toBe(1);
});

it("leaves out what cannot be read, and lets any other failure through", () => {
  const { rows } = open();
  const read = (row: number) => {
    if (row === 2) throw new UnreadableRow("MooringSteps", { partition: "op", row: "2" }, "it is odd");
    return row * 10;
  };

  expect(readEach([1, 2, 3], read, rows)).toEqual({ value: [10, 30], unreadable: ["MooringSteps op/2"] });
  const defect = () => {
    throw new TypeError("a defect");
  };
  expect(() => readEach([1], defect, rows)).toThrow("a defect");
});
