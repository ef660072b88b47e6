import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IndexedRows } from "../../src/sql/engine/indexedRows.ts";

interface Person {
  readonly id: number;
  readonly team: string;
}

const indexes = { id: ({ id }: Person) => [id], team: ({ id, team }: Person) => [team, id] };
const person = fc.record({ id: fc.integer({ min: 0, max: 30 }), team: fc.constantFrom("a", "ab", "b") });
const change = fc.record({ kind: fc.constantFrom("with", "without"), person });

describe("indexed rows", () => {
  it("are found by every index after any changes, and earlier versions keep theirs", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        let rows = IndexedRows.of<Person, "team">(indexes);
        let expected: readonly Person[] = [];
        const versions = changes.map(({ kind, person: each }) => {
          const there = rows.first("id", each.id);
          if (kind === "with") rows = rows.with(each);
          else if (there) rows = rows.without(there);
          expected = expected.filter(({ id }) => id !== each.id);
          if (kind === "with") expected = [...expected, each].toSorted((one, other) => one.id - other.id);
          return { rows, expected };
        });

        for (const version of versions) {
          expect(version.rows.list()).toEqual(version.expected);
          for (const team of ["a", "ab", "b", "c"]) {
            expect(version.rows.list("team", team)).toEqual(version.expected.filter((each) => each.team === team));
          }
        }
      }),
    );
  });
});
