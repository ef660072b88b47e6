/** Every file and folder that ARCHITECTURE.md names exists. */
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";

const files = globSync("{src,test,sandbox,packages,cli,clients,dashboard,docs,infra,samples,tools}/**/*", {
  exclude: ["**/node_modules"],
}).concat(globSync("*"));
const known = new Set(files);

/** From the checkout, from `src`, or from the tools. */
function placeOf(name: string): string | undefined {
  return ["", "src/", "tools/"].map((folder) => `${folder}${name}`).find((path) => known.has(path));
}

/** What is written as code in one paragraph or row, and looks like a path. */
function namedIn(text: string): readonly string[] {
  const spans = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name = ""]) => name.replace(/\/\*?$/, ""));
  return spans.filter((name) => /\.(ts|md|mjs|sql|bicep|yaml)$|^[a-z]+\/[A-Za-z/]+$/.test(name) && !/[<>]/.test(name));
}

it("names no file and no folder that is not there", () => {
  const paragraphs = readFileSync("ARCHITECTURE.md", "utf8").split(/\n\n|\n(?=\||\d\. )/);
  let count = 0;
  const missing = paragraphs.flatMap((text) => {
    const named = namedIn(text);
    count += named.length;
    // A name without a folder, or with the last part of one, is beside or below what the same paragraph names.
    const folders = named
      .flatMap((name) => placeOf(name) ?? [])
      .flatMap((path) => [path, dirname(path), dirname(dirname(path))]);
    const isThere = (name: string) =>
      placeOf(name) !== undefined ||
      files.some((file) => file.endsWith(`/${name}`) && folders.some((folder) => file.startsWith(`${folder}/`)));
    return named.filter((name) => !isThere(name) && name !== "cluster/namespace");
  });

  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(120);
});
