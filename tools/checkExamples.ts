/**
 * Follows docs/extending.md to the letter in a copy of the checkout: applies its blocks, compiles, checks the format, and runs
 * the chapters' tests. Then it leaves out each file of `src` in turn; the compiler must report an error in the file that the
 * chapter names.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { applyBlock } from "./examples/applyBlock.ts";
import { type Chapter, readChapters } from "./examples/chapters.ts";
import { createCompiler, type TypeProblem } from "./examples/compiler.ts";

const root = dirname(import.meta.dirname);
const document = "docs/extending.md";

/** Each changes one file of `src`. If it needs more, improve the code. */
const titles = ["A role bundle", "A kind of target"];

/** The length to which messages are cut: the compiler prints whole types. */
const longest = 200;

const started = performance.now();
const problems: string[] = [];
const chapters = readChapters(await readFile(join(root, document), "utf8"));
checkLimits();
const copy = await copyCheckout();
try {
  const changed = await applyAll();
  const files = [...changed.keys()];
  const tests = await copyTests();
  const running = [
    run("biome", ["@biomejs/biome/bin/biome", "check", "--error-on-warnings", ...files.filter(isCode)]),
    run("eslint", ["eslint/bin/eslint.js", "--max-warnings", "0", "--no-warn-ignored", "src/resources"]),
    run("vitest", ["vitest/vitest.mjs", "run", "test/importRules.test.ts", "test/sandbox/families.test.ts", ...tests]),
  ];
  checkTypes(changed);
  for (const { name, code, output } of await Promise.all(running)) {
    if (code !== 0) problems.push(`${name} ended with ${code}:\n${output}`);
  }
} catch (error) {
  if (!(error instanceof Error)) throw error;
  problems.push(error.message);
} finally {
  await rm(copy, { recursive: true, force: true });
}
for (const problem of problems) console.error(`${document}: ${problem}`);
console.log(`${chapters.length} worked examples, ${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkLimits(): void {
  const found = chapters.map(({ title }) => title);
  if (found.join() !== titles.join()) problems.push(`has the chapters ${found.join(", ")}, not ${titles.join(", ")}`);
  for (const chapter of chapters) {
    const { length } = filesOfSrc(chapter);
    if (length > 1) problems.push(`"${chapter.title}" changes ${length} files of src, but may change only one`);
  }
}

function filesOfSrc({ blocks }: Chapter): readonly string[] {
  return [...new Set(blocks.map(({ file }) => file).filter((file) => file.startsWith("src/")))];
}

function isCode(file: string): boolean {
  return /\.(ts|json)$/.test(file);
}

/** Copies tracked and untracked files. It keeps their times: a lock file newer than node_modules would start an install. */
async function copyCheckout(): Promise<string> {
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], {
    cwd: root,
    encoding: "utf8",
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  const folder = await mkdtemp(join(tmpdir(), "mooring-examples-"));
  for (const file of listed.stdout.split("\0").filter(Boolean)) {
    // The list includes files that are deleted but not committed.
    await cp(join(root, file), join(folder, file), { preserveTimestamps: true }).catch(ignoreMissing);
  }
  await linkModules(folder);
  return folder;
}

/** What is installed, but for this checkout's own packages: those of the copy. */
async function linkModules(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  for (const entry of await readdir(join(root, "node_modules"), { withFileTypes: true })) {
    const { name } = entry;
    const [from, to] = [join(root, "node_modules", name), join(folder, "node_modules", name)];
    if (entry.isFile()) await cp(from, to, { preserveTimestamps: true });
    else
      await symlink(existsSync(join(root, "packages", name)) ? join(folder, "packages", name) : from, to, "junction");
  }
}

/** To where vitest finds them: without the chapters' changes they would fail. */
async function copyTests(): Promise<readonly string[]> {
  const names = (await readdir(join(root, "tools/examples"))).filter((name) => name.endsWith(".test.ts"));
  for (const name of names) await cp(join(root, "tools/examples", name), join(copy, "test/examples", name));
  return names.map((name) => `test/examples/${name}`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}

/** Returns the previous text of each file; undefined for a new one. */
async function applyAll(): Promise<ReadonlyMap<string, string | undefined>> {
  const before = new Map<string, string | undefined>();
  for (const { file } of chapters.flatMap(({ blocks }) => blocks)) {
    before.set(file, await readFile(join(copy, file), "utf8").catch(() => undefined));
  }
  // A reader follows one chapter: it must not need another one.
  for (const { blocks } of chapters) applyTo(new Map(before), blocks);
  const after = new Map(before);
  for (const { blocks } of chapters) applyTo(after, blocks);
  for (const [file, text = ""] of after) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), text);
  }
  return before;
}

function applyTo(files: Map<string, string | undefined>, blocks: Chapter["blocks"]): void {
  for (const block of blocks) files.set(block.file, applyBlock(files.get(block.file), block));
}

function checkTypes(before: ReadonlyMap<string, string | undefined>): void {
  const compiler = createCompiler(copy);
  const found = [...compiler.checkAll("."), ...compiler.checkFiles("src", chapters.flatMap(filesOfSrc))];
  problems.push(...found.map((each) => `does not compile: ${print(each)}`));
  if (found.length > 0) return;
  for (const chapter of chapters) {
    const together = chapter.blocks.map(({ file }) => file);
    for (const file of filesOfSrc(chapter)) {
      const error = compiler.findErrorWithout(file, { text: before.get(file), first: together });
      console.log(`without ${file}:\n  ${error ? print(error) : "compiles"}`);
      const place = chapter.missedIn.get(file);
      if (!error) problems.push(`it compiles without ${file}`);
      else if (error.file !== place) problems.push(`without ${file}, the error is in ${error.file}, not in ${place}`);
    }
  }
}

function print({ file, line, message }: TypeProblem): string {
  return `${file}:${line} ${message.length > longest ? `${message.slice(0, longest)} …` : message}`;
}

/** Runs a package's program in the copy, with this Node. */
async function run(name: string, [program = "", ...args]: readonly string[]) {
  const child = spawn(process.execPath, [join(root, "node_modules", program), ...args], { cwd: copy });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { name, code: Number(code), output };
}
