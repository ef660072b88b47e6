import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteName } from "../../../src/domain/naming/quoteName.ts";

/**
 * Reads a bracketed identifier the way the server does, written from the grammar and independent of Mooring's code: one
 * opening bracket, then characters, of which `]` counts only doubled, up to a single `]`. Returns the name and the rest.
 */
function readBracketed(text: string): { name: string; rest: string } | undefined {
  if (text.charCodeAt(0) !== 0x5b) return undefined;
  const name: string[] = [];
  let at = 1;
  while (at < text.length) {
    if (text[at] !== "]") {
      name.push(text.charAt(at));
      at += 1;
    } else if (text[at + 1] === "]") {
      name.push("]");
      at += 2;
    } else {
      return { name: name.join(""), rest: text.slice(at + 1) };
    }
  }
  return undefined;
}

const hostile = fc.string({
  unit: fc.constantFrom("]", "[", "'", '"', ";", "-", "/", "*", " ", "\n", "a"),
  minLength: 1,
  maxLength: 128,
});
const unicode = fc
  .string({ unit: "binary", minLength: 1, maxLength: 64 })
  .filter((name) => name.length <= 128 && !name.includes("\0"));

describe("quoteName", () => {
  it("writes any name as exactly one identifier, whatever follows it (100,000 cases)", () => {
    fc.assert(
      fc.property(
        fc.oneof(hostile, unicode),
        fc.string({ maxLength: 8 }).filter((tail) => !tail.startsWith("]")),
        (name, tail) => {
          expect(readBracketed(quoteName(name) + tail)).toEqual({ name, rest: tail });
        },
      ),
      { numRuns: 100_000 },
    );
  });

  it("refuses what cannot be an identifier", () => {
    expect(() => quoteName("")).toThrow(RangeError);
    expect(() => quoteName("a".repeat(129))).toThrow(RangeError);
    expect(() => quoteName("😀".repeat(65))).toThrow(RangeError);
    expect(() => quoteName("a\0b")).toThrow(RangeError);
    expect(quoteName("a".repeat(128))).toHaveLength(130);
    expect(quoteName("😀".repeat(64))).toHaveLength(130);
  });
});
