/** What others wrote reaches a terminal with nothing that the terminal executes, and a pipe as it is. */
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Refused } from "../../cli/failures.ts";
import { printFailure } from "../../cli/output/failure.ts";
import { type Format, print, printStreamed, readFormat, writeData } from "../../cli/output/print.ts";
import { printableLine } from "../../cli/output/printable.ts";

/** Clears the screen, in two ways; a reversed line, a mark, and a line of its own. */
const evil = "a\u001b[2Jb\u009b2J\rc\u202ed\u200ee\u2028f\nteam-b";
const executed = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Our own; those that others wrote are not colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters.
const colours = /\u001b\[\d+m/g;

async function written(isTTY: boolean, write: (stream: NodeJS.WriteStream) => unknown): Promise<string> {
  const stream = new PassThrough();
  await write(Object.assign(stream, { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream);
  return String(stream.read() ?? "");
}

const document = { name: evil, [evil]: [evil, { text: `x: ${evil}` }] };
const printed = { document, names: [evil], lines: () => [`\u001b[1m${evil}\u001b[22m`] };
const formats = ["json", "yaml", "name", "table", "wide", "jsonpath={.name}", "jsonpath={@}", "custom-columns=A:.name"];
const formatOf = (output: string): Format => (output === "table" ? "table" : readFormat(output));

describe.each(formats)("-o %s", (output) => {
  it("gives a terminal nothing to execute", async () => {
    const text = await written(true, (stream) => print(stream, formatOf(output), printed));

    expect(text).toContain(output === "json" || output === "yaml" ? "a\\" : "a");
    expect(text.replaceAll(colours, "")).not.toMatch(executed);
  });
});

it.each(["json", "yaml"])("loses nothing in %s", async (output) => {
  for (const isTTY of [true, false]) {
    const text = await written(isTTY, (stream) => print(stream, formatOf(output), printed));

    expect(text).not.toMatch(executed);
    expect(parse(text)).toEqual(document);
  }
  const streamed = await written(false, (stream) => printStreamed(stream, output as "json", { document, name: evil }));
  expect(parse(streamed)).toEqual(document);
});

it("gives a program the value of a path as it is", async () => {
  const text = await written(false, (stream) => print(stream, readFormat("jsonpath={.name}"), printed));

  expect(text).toBe(evil);
});

it("never lets one name pass for two", async () => {
  const text = await written(false, (stream) => print(stream, "name", printed));

  expect(text.trimEnd().split("\n")).toHaveLength(1);
  expect(text).not.toMatch(executed);
});

it("gives a file what was exported as it is, and shows it on a terminal with its lines", async () => {
  const text = `kind: ConfigMap\n\tdata: ${evil}`;

  expect(await written(false, (stream) => writeData(stream, text))).toBe(text);
  const shown = await written(true, (stream) => writeData(stream, text));
  expect(shown).not.toMatch(executed);
  expect(shown.split("\n")).toHaveLength(3);
});

it("keeps its own colours, and no other sequence", () => {
  expect(printableLine("\u001b[31mred\u001b[39m \u001b[8mhidden\u001b[2J")).toBe(
    "\u001b[31mred\u001b[39m \\u001b[8mhidden\\u001b[2J",
  );
});

it("escapes every part of a refusal", async () => {
  const problem = { status: 409, code: evil, detail: evil, fix: evil, traceId: evil };
  const refusals = [problem, { ...problem, errors: [{ pointer: evil, detail: evil }] }];

  for (const each of refusals) {
    const text = await written(true, (stream) => printFailure(stream, new Refused(each), (line) => line));

    expect(text.replaceAll(colours, "")).not.toMatch(executed);
  }
});
