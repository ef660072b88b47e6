/**
 * What the compiler has to object to. Each test plants one mistake after another where the project rests on it that the mistake
 * does not compile.
 *
 * - Names: wherever the name of a step, an undo, an error, a finding or a kind of target stands, as a string or as a key, it is
 *   misspelt. A sample in every run, all of them with MOORING_PROOFS=soak.
 * - Clients: a finding, an act, a field of the request or a kind of target is left out of what both clients know, or one of them.
 * - Kinds: another identity mode, or kind of cluster, of target or of operation, or value of a policy,
 *   status, phase, action, severity or access, that what decides by it does not name.
 * - Orchestrations that are started by name: one is missing, or gets another input than it takes.
 * - Identities: the client ID stands where the principal ID has to, and the other way round.
 * - Routes: a parameter is declared and not read, or read and not declared. Some files in every run, all of them with
 *   MOORING_PROOFS=full.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isSoak, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { steps } from "../src/application/process/index.ts";
import { findingCatalogue } from "../src/domain/errors/findings.ts";
import { notices } from "../src/domain/errors/notices.ts";
import { refusals } from "../src/domain/errors/refusals.ts";
import { stepErrors } from "../src/domain/errors/stepErrors.ts";
import { kindNames } from "../src/domain/targets/index.ts";
import { openSource, type Change as Plant } from "./support/compiler.ts";

const tables = [steps, findingCatalogue, refusals, stepErrors, notices];
const names: ReadonlySet<string> = new Set([...tables.flatMap((table) => Object.keys(table)), ...kindNames]);
/** Where the names are defined: a name that changes here is missed wherever it is used. */
const declarations = /^src\/domain\/(errors\/\w+|finding|operation\/stepName|targets\/\w+)\.ts$/;

interface Place {
  readonly file: string;
  /** Where the name ends. */
  readonly end: number;
  readonly text: string;
}

const compiler = openSource();
const { files } = compiler;

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
  visit(ts.createSourceFile(file, compiler.textOf(file), ts.ScriptTarget.Latest, true));
  return found;
}

/** The same text with another meaning: a path, or the container of the verification Job. */
function isProse({ parent, text }: ts.StringLiteral): boolean {
  const isContainer = text === "verify" && /verificationJob\.ts$/.test(parent.getSourceFile().fileName);
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || isContainer;
}

/** In its own file, or else in another. */
function isSeen({ file, end }: Place): boolean {
  return compiler.objectsTo(file, (text) => `${text.slice(0, end)}x${text.slice(end)}`);
}

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const sample = isSoak ? places : createDice(seed).shuffle(places).slice(0, shareOf(40));

const launchable = "src/orchestrations/launchable.ts";

it("finds the places, and compiles without errors before any change", () => {
  const drawn = new Set(sample.map(({ file }) => file));

  expect(places.length).toBeGreaterThan(200);
  expect(new Set(places.map(({ file }) => file)).size).toBeGreaterThan(60);
  expect([...drawn, launchable].filter(compiler.hasErrors)).toEqual([]);
}, 120_000);

it("detects every misspelling", () => {
  const passed = sample.filter((place) => !isSeen(place)).map(({ file, text, end }) => `${file}:${end} ${text}x`);

  expect(passed).toEqual([]);
}, 1_800_000);

interface Route {
  readonly file: string;
  /** Of the list of parameters, without its brackets. */
  readonly list: { readonly start: number; readonly end: number };
  readonly parameters: readonly { readonly start: number; readonly end: number }[];
}

const routes = compiler.files
  .filter((file) => file.startsWith("src/functions/") && compiler.textOf(file).includes("declareRoute({"))
  .flatMap(routesIn);

function routesIn(file: string): readonly Route[] {
  const found: Route[] = [];
  const source = ts.createSourceFile(file, compiler.textOf(file), ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === "reads" &&
      ts.isArrayLiteralExpression(node.initializer)
    ) {
      const { initializer } = node;
      found.push({
        file,
        list: { start: initializer.getStart() + 1, end: initializer.getEnd() - 1 },
        parameters: initializer.elements.map((each) => ({ start: each.getStart(), end: each.getEnd() })),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const mistakes: Readonly<Record<string, (route: Route) => Change | undefined>> = {
  "declared and not read": ({ list: { start } }) => ({ start, end: start, text: "{ query: {}, read: () => true }, " }),
  "read and not declared": ({ parameters }) => {
    const last = parameters.at(-1);
    return last && { ...last, text: "" };
  },
};

it("finds the routes", () => {
  expect(routes.length).toBeGreaterThan(25);
  expect(routes.filter(({ parameters }) => parameters.length > 0).length).toBeGreaterThan(15);
});

it.each(Object.entries(mistakes))(
  "does not compile where a parameter is %s",
  (_what, plant) => {
    const files = createDice(seed).shuffle([...Map.groupBy(routes, ({ file }) => file)]);
    const compiled = files.slice(0, shareOf(files.length)).flatMap(([file, inFile]) => {
      const planted = inFile.flatMap((route) => plant(route) ?? []);
      const next = planted
        .toSorted((a, b) => b.start - a.start)
        .reduce((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), compiler.textOf(file));
      const errors = planted.length === 0 ? 0 : compiler.errorsAfter(file, next);
      return errors < planted.length ? [`${file}: ${errors} errors after ${planted.length} changes`] : [];
    });

    expect(compiled).toEqual([]);
  },
  300_000,
);

describe("what is started by its name", () => {
  it("has its orchestration", () => {
    const left = { file: launchable, right: "  migrateBack: accepts(migrateBack),\n", wrong: "" };

    expect(compiler.errorsIn(launchable, [left])).toBeGreaterThan(0);
  }, 120_000);

  it("gets the input that its orchestration takes", () => {
    const changes = [
      { file: "src/domain/operation/launch.ts", right: "request, retry: catalog.retry,", wrong: "request," },
      { file: "src/domain/operation/batchLaunch.ts", right: "retry: catalog.retry, run", wrong: "run" },
    ];

    expect(compiler.errorsIn(launchable, changes)).toBe(9);
  }, 120_000);
});

describe("what a client has to know", () => {
  const finding = {
    file: "src/domain/errors/findings.ts",
    right: "findingCatalogue = {",
    wrong: '$& PLANTED: info("x", "y"),',
  };
  const severity = { file: "src/domain/errors/findings.ts", right: 'severities = ["Info",', wrong: '$& "Planted",' };
  const act = { file: "src/domain/errors/fix.ts", right: "httpActs = {", wrong: '$& planted: "GET /planted",' };
  const field = { file: "src/domain/request/request.ts", right: "cluster: ", wrong: "planted: z.string(), $&" };
  const target = {
    file: "src/domain/targets/index.ts",
    right: "requestFields = {",
    wrong: "$& planted: z.array(z.object({ name: z.string() })),",
  };
  /** Each file has one table: one error says that something is missing there. One of each file is planted at a time. */
  const tables = {
    "of both clients": [
      compiler,
      { "clients/findings.ts": [finding, severity], "clients/fixes.ts": [act], "clients/request.ts": [field, target] },
    ],
    "of the command line": [
      openSource(["src/domain", "clients", "cli"]),
      { "cli/output/request.ts": [field], "cli/requests/requestFlags.ts": [field] },
    ],
    "of the dashboard": [
      openSource(["src/domain", "clients", "dashboard"], "dashboard"),
      { "dashboard/pages/request.tsx": [field], "dashboard/pages/requestFields.tsx": [field] },
    ],
  } as const;

  it.each(Object.entries(tables))(
    "does not compile where a table %s lacks it",
    (_whose, [source, tablesOf]) => {
      const files = Object.keys(tablesOf);
      expect(source.errorsOf(files, [])).toEqual(files.map(() => 0));

      const rows: readonly (readonly Plant[])[] = Object.values(tablesOf);
      const rounds = Math.max(...rows.map(({ length }) => length));
      for (let round = 0; round < rounds; round += 1) {
        const plants = rows.map((row) => row[round]);
        const planted = [...new Set(plants.filter((each) => each !== undefined))];
        const errors = source.errorsOf(files, planted);
        const missed = files.filter((_, index) => plants[index] !== undefined && errors[index] !== 1);
        expect(missed, JSON.stringify(planted)).toEqual([]);
      }
    },
    300_000,
  );
});

/** A sample in every run, all of them with MOORING_PROOFS=soak. */
describe("the two IDs of an identity", () => {
  const other = { clientId: "principalId", principalId: "clientId" } as const;
  const isOne = (text: string): text is keyof typeof other => Object.hasOwn(other, text);
  const rooms = /^src\/(?:adapters|resources\/(?:target|podIdentity|serviceAccount|identityUse|identityBinding))\//;
  /** A command for a person to run, as text. */
  const printing = new Set(["src/resources/target/cosmos/family.ts"]);
  /** What a finding or a plan says of it. */
  const told = new Set(["expected", "found", "current", "desired"]);

  /** Where one of the two is taken: `identity.clientId`, `{ clientId }`. */
  function takenIn(file: string): readonly (Change & { readonly file: string })[] {
    const found: (Change & { readonly file: string })[] = [];
    const source = ts.createSourceFile(file, compiler.textOf(file), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAssignment(node) && told.has(node.name.getText())) return;
      if (ts.isPropertyAccessExpression(node) && isOne(node.name.text)) {
        found.push({ file, start: node.name.getStart(), end: node.name.getEnd(), text: other[node.name.text] });
      } else if (
        ts.isBindingElement(node) &&
        ts.isIdentifier(node.name) &&
        isOne(node.name.text) &&
        !node.propertyName
      ) {
        const start = node.name.getStart();
        found.push({ file, start, end: start, text: `${other[node.name.text]}: ` });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  it("cannot be mixed up where access is given, looked for and taken away", () => {
    const all = compiler.files.filter((file) => rooms.test(file) && !printing.has(file)).flatMap(takenIn);
    const sample = isSoak ? all : createDice(seed).shuffle(all).slice(0, shareOf(60));

    const passed = sample.filter(
      ({ file, start, end, text }) => !compiler.objectsTo(file, (now) => now.slice(0, start) + text + now.slice(end)),
    );

    expect(all.length).toBeGreaterThan(60);
    expect(passed.map(({ file, start }) => `${file}:${start}`)).toEqual([]);
  }, 1_800_000);
});

describe("another identity mode", () => {
  const planted = {
    file: "src/domain/request/modes.ts",
    right: 'identityModes = ["workloadIdentity",',
    wrong: '$& "planted",',
  };

  it("does not compile before it is in every table of all modes", () => {
    const tables = compiler.files.flatMap((file) => {
      const count = compiler.textOf(file).match(/ByMode<(?!T>)[\s\S]*?> = \{/g)?.length ?? 0;
      return count > 0 ? [{ file, count }] : [];
    });
    // What lies outside src is an error by itself where it imports its like.
    const deciding = tables.map(({ file }) => file);
    const [before, after] = [compiler.errorsOf(deciding, []), compiler.errorsOf(deciding, [planted])];
    const named = tables.map(({ file }, index) => ({ file, count: (after[index] ?? 0) - (before[index] ?? 0) }));

    expect(tables.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(14);
    expect(named).toEqual(tables);
    expect(compiler.errorsIn("src/domain/operation/launch.ts", [planted])).toBeGreaterThan(0);
  }, 120_000);

  it("is decided about nowhere else", () => {
    expect(comparing(["podIdentity", "workloadIdentity", "identityBinding"])).toEqual([]);
  });
});

describe("another kind", () => {
  const kinds = {
    "of cluster": {
      file: "src/domain/catalog/catalog.ts",
      right: "[AksCluster, OidcCluster]",
      wrong: '[AksCluster, OidcCluster, z.strictObject({ ...OidcCluster.shape, kind: z.literal("planted") })]',
      deciding: [
        "src/domain/catalog/catalog.ts",
        "src/domain/catalog/clusters.ts",
        "src/domain/catalog/clusterKinds.ts",
      ],
    },
    "of cluster, among modes": {
      file: "src/domain/request/identityModes.ts",
      right: 'ClusterKind = "aks" |',
      wrong: '$& "planted" |',
      deciding: ["src/domain/request/identityModes.ts"],
    },
    "of target": {
      file: "src/domain/targets/namedTarget.ts",
      right: "[AzureRoleEntry, PostgresEntry, CosmosEntry]",
      wrong:
        '[AzureRoleEntry, PostgresEntry, CosmosEntry, z.strictObject({ ...CosmosEntry.shape, kind: z.literal("planted") })]',
      deciding: ["src/domain/targets/namedTarget.ts", "clients/drivers.ts"],
    },
    "of target, among places": {
      file: "src/domain/targets/namedTarget.ts",
      right: "type PlaceOfTarget =",
      wrong: '$& { readonly kind: "planted" } |',
      deciding: ["src/domain/targets/namedTarget.ts", "src/resources/target/families.ts"],
    },
    "of operation": {
      file: "src/domain/operation/operation.ts",
      right: 'z.enum(["onboard",',
      wrong: '$& "planted",',
      deciding: ["src/domain/operation/batch.ts"],
    },
    "of policy of adoption": {
      file: "src/domain/request/request.ts",
      right: 'z.enum(["Never",',
      wrong: '$& "Planted",',
      deciding: ["src/domain/request/adoption.ts", "clients/request.ts"],
    },
    "of policy of deletion": {
      file: "src/domain/request/request.ts",
      right: 'z.enum(["Keep",',
      wrong: '$& "Planted",',
      deciding: ["src/resources/namespace/contents.ts", "clients/request.ts"],
    },
    "of status": {
      file: "src/domain/operation/operation.ts",
      right: 'z.enum(["NotStarted",',
      wrong: '$& "Planted",',
      deciding: ["src/domain/operation/operation.ts", "src/domain/operation/batch.ts", "clients/operations.ts"],
    },
    "of phase": {
      file: "src/domain/operation/operation.ts",
      right: 'z.enum(["preflight",',
      wrong: '$& "planted",',
      deciding: ["clients/operations.ts"],
    },
    "of action": {
      file: "src/domain/operation/operation.ts",
      right: 'z.enum(["create",',
      wrong: '$& "planted",',
      deciding: ["src/domain/operation/actions.ts"],
    },
    "of severity": {
      file: "src/domain/errors/findings.ts",
      right: 'severities = ["Info",',
      wrong: '$& "Planted",',
      deciding: ["src/domain/finding.ts", "clients/findings.ts"],
    },
    // A kind of target has some of the words, and says itself what each gives.
    "of access": {
      file: "src/domain/targets/access.ts",
      right: 'z.enum(["read",',
      wrong: '$& "planted",',
      deciding: ["src/domain/targets/access.ts"],
    },
  };

  it.each(Object.entries(kinds))(
    "%s does not compile before every file that decides by kind names it",
    (_kind, { deciding, ...planted }) => {
      const errors = compiler.errorsOf(deciding, [planted]);
      const silent = deciding.filter((_, index) => errors[index] === 0);

      expect(silent).toEqual([]);
    },
    300_000,
  );
});

/** A status, a phase and an action are compared where one alone is meant: whether it succeeded, waits, or made something. */
describe("tables alone decide", () => {
  it("what a policy of adoption or deletion means", () => {
    // A pod's restart policy.
    const others = ["src/resources/namespaceProfile/podAmounts.ts"];

    expect(comparing(["Never", "IfIdentical", "Always", "Keep", "Delete"])).toEqual(others);
  });

  it("what a severity means", () => {
    // The plural of its name.
    expect(comparing(["Info", "Warning", "Error"])).toEqual(["dashboard/ui/status.tsx"]);
  });
});

/** The files that compare something with one of the values. */
function comparing(values: readonly string[]): readonly string[] {
  const comparison = new RegExp(`(?:[!=]== |includes\\()"(?:${values.join("|")})"`);
  const all = ["src", "clients", "cli", "dashboard"].flatMap(listSources);
  expect(all.length).toBeGreaterThan(500);
  return all
    .filter((file) => comparison.test(readFileSync(file, "utf8")))
    .map((file) => relative(join(import.meta.dirname, ".."), file));
}

function listSources(folder: string): readonly string[] {
  const root = join(import.meta.dirname, "..", folder);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes("node_modules"))
    .map((name) => join(root, name));
}
