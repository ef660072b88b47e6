/** KQL, read and bound by Microsoft's own language service, as the editor of Azure Monitor does it. */
import { createRequire } from "node:module";
import { tables } from "./logTables.ts";

/** The little of it that is used here; the package's own declarations are 1.7 MB of what its compiler from C# makes. */
interface KustoLanguage {
  readonly Symbols: {
    readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly unknown[]) => unknown };
  };
  readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
  readonly KustoCode: {
    ParseAndAnalyze(text: string, globals: unknown): { GetDiagnostics(): Problems };
  };
}
interface Problems {
  readonly Count: number;
  getItem(index: number): Problem;
}
interface Problem {
  readonly Severity: string;
  readonly Message: string;
  readonly Start: number;
}

declare global {
  // Set by the package's files; a global is declared with var.
  var Kusto: { readonly Language: KustoLanguage };
}

const require = createRequire(import.meta.url);
// Its main file finds the runtime below it only when that was there before.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { Symbols, GlobalState, KustoCode } = globalThis.Kusto.Language;

const database = new Symbols.DatabaseSymbol.ctor(
  "workspace",
  Object.entries(tables).map(([name, columns]) =>
    Symbols.TableSymbol.From(
      `(${Object.entries(columns)
        .map(([column, type]) => `${column}: ${type}`)
        .join(", ")})`,
    ).WithName(name),
  ),
);
const globals = GlobalState.Default.WithDatabase(database);

/** All that it has against a query: words that it cannot read, tables and columns that there are not, types that do not fit. */
export function problemsOf(query: string): readonly string[] {
  const problems = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  return Array.from({ length: problems.Count }, (_, index) => {
    const { Severity, Message, Start } = problems.getItem(index);
    return `${Severity} at ${Start}: ${Message}`;
  });
}
