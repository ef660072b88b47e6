/**
 * A name that is misspelt anywhere in src does not compile. Wherever the name of a step, an undo, an error, a finding or a
 * kind of target stands, as a string or as a key, it is misspelt, one place at a time, and the compiler has to object: a
 * sample in every run, all of them with MOORING_PROOFS=soak.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { findingCatalogue } from "../src/domain/errors/findings.ts";
import { notices } from "../src/domain/errors/notices.ts";
import { refusals } from "../src/domain/errors/refusals.ts";
import { stepErrors } from "../src/domain/errors/stepErrors.ts";
import { kindNames } from "../src/domain/targets/index.ts";
import { stepFacts } from "../src/resources/index.ts";
import { createDice } from "./proof/support/random.ts";
import { isSoak, shareOf } from "./support/proofs.ts";

const root = resolve(import.meta.dirname, "..");
const tables = [stepFacts, findingCatalogue, refusals, stepErrors, notices];
const names: ReadonlySet<string> = new Set([...tables.flatMap((table) => Object.keys(table)), ...kindNames]);
/** Where the names are defined: a name that changes here is missed wherever it is used. */
const declarations = /^src\/domain\/(errors\/\w+|finding|operation\/(stepName|undoName)|targets\/\w+)\.ts$/;

interface Place {
  readonly file: string;
  /** Where the name ends. */
  readonly end: number;
  readonly text: string;
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));
const sources = new Map(files.map((file) => [file, { text: readFileSync(join(root, file), "utf8"), version: 0 }]));
const service = ts.createLanguageService(hostOf(sources));

const places = files.filter((file) => !declarations.test(file)).flatMap(placesIn);

function placesIn(file: string): readonly Place[] {
  const found: Place[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && names.has(node.text) && !isProse(node)) {
      found.push({ file, end: node.getEnd() - 1, text: node.text });
    } else if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && names.has(node.name.text)) {
      found.push({ file, end: node.name.getEnd(), text: node.name.text });
    } else if (ts.isMethodDeclaration(node) && ts.isIdentifier(node.name) && names.has(node.name.text)) {
      found.push({ file, end: node.name.getEnd(), text: node.name.text });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, sources.get(file)?.text ?? "", ts.ScriptTarget.Latest, true));
  return found;
}

/** The same text with another meaning: a path, or the container of the verification Job. */
function isProse({ parent, text }: ts.StringLiteral): boolean {
  const isContainer = text === "verify" && /verificationJob\.ts$/.test(parent.getSourceFile().fileName);
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || isContainer;
}

function hostOf(versions: typeof sources): ts.LanguageServiceHost {
  const config = ts.readConfigFile(join(root, "src/tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, join(root, "src"));
  const nameOf = (path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path);
  return {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [...versions.keys()].map((file) => join(root, file)),
    getScriptVersion: (path) => String(versions.get(nameOf(path))?.version ?? 0),
    getScriptSnapshot(path) {
      const text = versions.get(nameOf(path))?.text ?? ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  };
}

function change(file: string, next: (text: string) => string): () => void {
  const source = sources.get(file);
  if (!source) throw new Error(`there is no ${file}`);
  const { text, version } = source;
  sources.set(file, { text: next(text), version: version + 1 });
  return () => sources.set(file, { text, version: version + 2 });
}

function hasErrors(file: string): boolean {
  return service.getSemanticDiagnostics(join(root, file)).length > 0;
}

/** In its own file, or else in another. */
function isSeen({ file, end }: Place): boolean {
  const restore = change(file, (text) => `${text.slice(0, end)}x${text.slice(end)}`);
  try {
    return hasErrors(file) || files.some(hasErrors);
  } finally {
    restore();
  }
}

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const sample = isSoak ? places : createDice(seed).shuffle(places).slice(0, shareOf(40));

it("finds the places, and compiles without errors before any change", () => {
  const drawn = new Set(sample.map(({ file }) => file));

  expect(places.length).toBeGreaterThan(200);
  expect(new Set(places.map(({ file }) => file)).size).toBeGreaterThan(60);
  expect([...drawn].filter(hasErrors)).toEqual([]);
}, 120_000);

it("detects every misspelling", () => {
  const passed = sample.filter((place) => !isSeen(place)).map(({ file, text, end }) => `${file}:${end} ${text}x`);

  expect(passed).toEqual([]);
}, 1_800_000);
