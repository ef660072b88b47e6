import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compiler, createCompiler } from "../../../tools/examples/compiler.ts";

let folder: string;
let compiler: Compiler;

const files = {
  "tsconfig.json": `{ "compilerOptions": { "strict": true, "noEmit": true, "types": [], "lib": ["ES5"], "module": "NodeNext",
    "allowImportingTsExtensions": true }, "include": ["src", "other"] }`,
  "src/tsconfig.json": `{ "extends": "../tsconfig.json", "compilerOptions": { "rootDir": "." }, "include": ["."] }`,
  "src/names.ts": `export type Name = "one" | "two";\n`,
  "src/one.ts": `import type { Name } from "./names.ts";\nexport const one: Name = "one";\n`,
  "src/all.ts": `import type { Name } from "./names.ts";\nimport { one } from "./one.ts";\nexport const all: { [N in Name]: string } = { one, two: "" };\n`,
  "src/nobodys.ts": "export const nothing = 1;\n",
  "other/late.ts": `import { nothing } from "../src/nobodys.ts";\nexport const late = nothing;\n`,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-compiler-"));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  compiler = createCompiler(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  { what: "a new file", file: "src/one.ts", text: undefined, place: "src/all.ts" },
  { what: "a change", file: "src/names.ts", text: `export type Name = "two";\n`, place: "src/one.ts" },
  { what: "what only a file far away needs", file: "src/nobodys.ts", text: undefined, place: "other/late.ts" },
])("finds the error without $what", ({ file, text, place }) => {
  compiler.checkAll(".");

  const found = compiler.findErrorWithout(file, { text, first: ["src/names.ts", "src/one.ts", "src/all.ts"] });

  expect(found?.file).toBe(place);
});

it("finds nothing when nothing depends on the file", () => {
  compiler.checkAll(".");

  expect(compiler.findErrorWithout("other/late.ts", { text: undefined, first: [] })).toBeUndefined();
});

it("reports nothing for code that compiles, and the place of an error otherwise", async () => {
  expect(compiler.checkAll(".")).toEqual([]);
  expect(compiler.checkFiles("src", ["src/all.ts", "src/one.ts"])).toEqual([]);

  await writeFile(join(folder, "src/wrong.ts"), `\nexport const wrong: number = "";\n`);
  await writeFile(join(folder, "src/outside.ts"), `export { late } from "../other/late.ts";\n`);
  const again = createCompiler(folder);

  expect(again.checkAll(".")).toMatchObject([{ file: "src/wrong.ts", line: 2 }]);
  expect(again.checkFiles("src", ["src/outside.ts"])).toMatchObject([{ message: expect.stringContaining("rootDir") }]);
});
