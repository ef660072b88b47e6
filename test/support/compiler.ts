/** The compiler on the source as it is, and as it would be after one more change. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");

export interface Compiler {
  /** Relative to the checkout. */
  readonly files: readonly string[];
  textOf(file: string): string;
  hasErrors(file: string): boolean;
  /** Whether they no longer compile with this change of one file; looks there first, and then everywhere. */
  objectsTo(file: string, change: (text: string) => string): boolean;
  /** How many errors the file has with another text. */
  errorsAfter(file: string, text: string): number;
  /** How many errors a file has after changes of others. */
  errorsIn(file: string, changes: readonly Change[]): number;
  /** The same of several files: the changes are made once, and each begins a new program. */
  errorsOf(files: readonly string[], changes: readonly Change[]): readonly number[];
}

/** The first occurrence of `right` becomes `wrong`. */
export interface Change {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

interface Source {
  readonly text: string;
  readonly version: number;
}

/** `folders`, with the options of `project`. */
export function openSource(folders = ["src", "clients"], project = "src"): Compiler {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name)),
  );
  const sources = new Map(files.map((file) => [file, { text: readFileSync(join(root, file), "utf8"), version: 0 }]));
  const service = ts.createLanguageService(hostOf(sources, project));
  const errorsOf = (file: string) => service.getSemanticDiagnostics(join(root, file)).length;
  const hasErrors = (file: string) => errorsOf(file) > 0;
  const find = (file: string): Source => {
    const source = sources.get(file);
    if (!source) throw new Error(`there is no ${file}`);
    return source;
  };
  const withText = <T>(file: string, next: string, look: () => T): T => {
    const { text, version } = find(file);
    if (next === text) throw new Error(`the change of ${file} changes nothing`);
    sources.set(file, { text: next, version: version + 1 });
    try {
      return look();
    } finally {
      sources.set(file, { text, version: version + 2 });
    }
  };
  const withChanges = <T>(changes: readonly Change[], last: () => T): T =>
    changes.reduce(
      (look, { file, right, wrong }) =>
        () =>
          withText(file, find(file).text.replace(right, wrong), look),
      last,
    )();
  return {
    files,
    textOf: (file) => find(file).text,
    hasErrors,
    objectsTo: (file, change) =>
      withText(file, change(find(file).text), () => hasErrors(file) || files.some(hasErrors)),
    errorsIn: (file, changes) => withChanges(changes, () => errorsOf(file)),
    errorsOf: (several, changes) => withChanges(changes, () => several.map(errorsOf)),
    errorsAfter: (file, text) => withText(file, text, () => errorsOf(file)),
  };
}

function hostOf(sources: ReadonlyMap<string, Source>, project: string): ts.LanguageServiceHost {
  const config = ts.readConfigFile(join(root, project, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, join(root, project));
  const nameOf = (path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path);
  return {
    // What both clients share is compiled with it.
    getCompilationSettings: () => ({ ...options, rootDir: root }),
    getScriptFileNames: () => [...sources.keys()].map((file) => join(root, file)),
    getScriptVersion: (path) => String(sources.get(nameOf(path))?.version ?? 0),
    getScriptSnapshot(path) {
      const text = sources.get(nameOf(path))?.text ?? ts.sys.readFile(path);
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
