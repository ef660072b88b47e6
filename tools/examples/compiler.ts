/** Compiles a folder repeatedly with TypeScript, reading and parsing each file only once. */
import { join, relative } from "node:path";
import ts from "typescript";

export interface TypeProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface Compiler {
  /** All problems that `tsc -p` would report for this folder. */
  checkAll(project: string): readonly TypeProblem[];
  /** The problems that it would report in these files, such as an import from outside. */
  checkFiles(project: string, files: readonly string[]): readonly TypeProblem[];
  /**
   * The first error if the file has its previous text, or does not exist (undefined). Checks the files of `first` first: most
   * errors are in files that belong together.
   */
  findErrorWithout(
    file: string,
    was: { readonly text: string | undefined; readonly first: readonly string[] },
  ): TypeProblem | undefined;
}

export function createCompiler(root: string): Compiler {
  const parsed = new Map<string, ts.SourceFile | undefined>();
  let whole: ts.Program | undefined;

  function createProgram(project: string, left?: { readonly path: string; readonly text: string | undefined }) {
    const config = ts.getParsedCommandLineOfConfigFile(join(root, project, "tsconfig.json"), undefined, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
      },
    });
    if (!config) throw new Error(`${project} has no tsconfig.json`);
    const host = ts.createCompilerHost(config.options);
    const { fileExists, readFile, getSourceFile } = host;
    host.fileExists = (path) => (path === left?.path ? left.text !== undefined : fileExists(path));
    host.readFile = (path) => (path === left?.path ? left.text : readFile(path));
    host.getSourceFile = (path, ...how) => {
      if (path === left?.path) return left.text === undefined ? undefined : getSourceFile.call(host, path, ...how);
      if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, ...how));
      return parsed.get(path);
    };
    const rootNames = config.fileNames.filter((path) => path !== left?.path || left.text !== undefined);
    return ts.createProgram({ rootNames, options: config.options, host, ...(whole ? { oldProgram: whole } : {}) });
  }

  const toProblem = ({ file, start = 0, messageText }: ts.Diagnostic): TypeProblem => ({
    file: file ? relative(root, file.fileName) : "tsconfig.json",
    line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 1,
    message: ts.flattenDiagnosticMessageText(messageText, "\n").split("\n")[0] ?? "",
  });

  return {
    checkAll(project) {
      whole = createProgram(project);
      return ts.getPreEmitDiagnostics(whole).map(toProblem);
    },
    checkFiles(project, files) {
      const program = createProgram(project);
      const own = files.flatMap((file) => program.getSourceFile(join(root, file)) ?? []);
      return own.flatMap((file) => program.getSemanticDiagnostics(file)).map(toProblem);
    },
    findErrorWithout(file, { text, first }) {
      const program = createProgram(".", { path: join(root, file), text });
      const rank = ({ fileName }: ts.SourceFile) => {
        const place = first.indexOf(relative(root, fileName));
        return place < 0 ? first.length : place;
      };
      const own = program.getSourceFiles().filter(({ fileName }) => !fileName.includes("/node_modules/"));
      for (const each of own.toSorted((a, b) => rank(a) - rank(b))) {
        const [error] = program.getSemanticDiagnostics(each);
        if (error) return toProblem(error);
      }
      return undefined;
    },
  };
}
