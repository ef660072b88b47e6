/** Who may import whom (ARCHITECTURE.md). A rule that sees no modules always holds, so the tests also check what was seen. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = ["src", "sandbox", "packages", "cli", "clients", "samples", "dashboard"];

interface Module {
  /** Relative to the checkout, with `/`. */
  readonly file: string;
  readonly imports: readonly string[];
}

const modules = folders.flatMap(listFiles).map(readModule);

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes("node_modules"))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function readModule(name: string): Module {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, name), "utf8"), true, true);
  const imports = importedFiles.map(({ fileName }) =>
    fileName.startsWith(".") ? toPath(relative(root, resolve(root, dirname(name), fileName))) : fileName,
  );
  return { file: toPath(name), imports };
}

function toPath(name: string): string {
  return name.split(sep).join("/");
}

/** The layer of a file in src: its folder, or its own name at the top level. Orchestrations know one room of the application. */
function layerOf(file: string): string | undefined {
  const [top, second, third] = file.split("/");
  if (top === "src" && second === "application" && third === "process") return third;
  return top === "src" ? second?.replace(/\.ts$/, "") : undefined;
}

const mayImport: Record<string, readonly string[]> = {
  domain: ["domain"],
  durable: ["durable"],
  ports: ["ports", "domain"],
  telemetry: ["telemetry", "domain"],
  resources: ["resources", "durable", "domain", "ports"],
  process: ["process", "application", "resources", "domain", "ports"],
  application: ["application", "process", "resources", "durable", "domain", "ports", "telemetry"],
  activities: ["activities", "application", "process", "resources", "durable", "domain", "ports", "telemetry"],
  orchestrations: ["orchestrations", "activities", "process", "resources", "durable", "domain"],
  http: ["http", "application", "process", "durable", "domain", "ports", "telemetry"],
  functions: ["functions", "http", "application", "process", "durable", "domain", "ports", "telemetry"],
  adapters: ["adapters", "domain", "ports", "telemetry"],
  // One file of the domain, which imports nothing (suggest.ts).
  config: ["domain"],
  catalog: ["domain"],
  assets: [],
  main: [
    "activities",
    "adapters",
    "application",
    "assets",
    "catalog",
    "config",
    "domain",
    "functions",
    "http",
    "orchestrations",
    "ports",
    "telemetry",
  ],
};

const packages: Record<string, RegExp> = {
  domain: /^(zod|yaml|node:crypto)$/,
  durable: /^(zod|durable-functions|@azure\/functions)$/,
  ports: /^$/,
  // One file uses the SDK behind the API (sdk.ts).
  telemetry: /^(node:async_hooks|@opentelemetry\/.*|@azure\/functions|@azure\/monitor-opentelemetry-exporter)$/,
  resources: /^(zod|node:timers\/promises)$/,
  process: /^zod$/,
  application: /^(zod|node:timers\/promises)$/,
  activities: /^(zod|node:timers\/promises)$/,
  orchestrations: /^(zod|durable-functions)$/,
  // diagnostics_channel and http: Node's events for requests to the SDK's own server (clientGone.ts).
  http: /^(zod|zod-openapi|durable-functions|@azure\/functions|node:timers\/promises|node:diagnostics_channel|node:http)$/,
  functions: /^(zod|zod-openapi|durable-functions|@azure\/functions|node:timers\/promises)$/,
  // undici: how the SDKs send HTTP.
  adapters: /^(zod|node:.*|jose|long|mssql|pg|undici|@azure\/.*|@kubernetes\/client-node)$/,
  config: /^zod$/,
  catalog: /^(yaml|node:fs)$/,
  assets: /^node:(fs|path|zlib)$/,
  main: /^node:path$/,
};

it("finds the modules to check", () => {
  const counts = Map.groupBy(modules, ({ file }) => file.split("/")[0] ?? "");

  expect(counts.get("src")?.length).toBeGreaterThan(40);
  expect(counts.get("sandbox")?.length).toBeGreaterThan(40);
  expect(counts.get("packages")?.length).toBeGreaterThan(300);
  expect(counts.get("cli")?.length).toBeGreaterThan(50);
  expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(400);
});

it.each(Object.keys(mayImport))("lets src/%s import only what its layer may know", (layer) => {
  const inLayer = modules.filter(({ file }) => layerOf(file) === layer);
  const allowed = mayImport[layer] ?? [];

  const broken = inLayer.flatMap(({ file, imports }) =>
    imports
      .filter((name) =>
        name.startsWith("src/") ? !allowed.includes(layerOf(name) ?? "") : !packages[layer]?.test(name),
      )
      .map((name) => `${file} imports ${name}`),
  );

  expect(inLayer.length).toBeGreaterThan(0);
  expect(broken).toEqual([]);
});

/** What every orchestration reads (src/application/process), apart from the definitions of its own steps. */
const lists = ["programs.ts", "undoStages.ts"];

it("lets replayed code see a step only as its definition, and steps only in the lists that plans read", () => {
  const replayed = modules.filter(({ file }) => file.startsWith("src/orchestrations/"));
  const sources = new Map(replayed.map(({ file }) => [file, readFileSync(join(root, file), "utf8")]));

  const broken = replayed.flatMap(({ file, imports }) =>
    imports
      .filter((name) => layerOf(name) === "process" || layerOf(name) === "resources")
      .filter((name) => {
        const line = (sources.get(file) ?? "").split("\n").find((each) => each.includes(`/${basename(name)}"`)) ?? "";
        if (layerOf(name) === "resources") return !line.startsWith("import type ");
        return !lists.includes(basename(name)) && !readFileSync(join(root, name), "utf8").includes("defineStep(");
      })
      .map((name) => `${file} imports ${name}`),
  );

  expect(replayed.length).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

it("lists every layer of src in the table above", () => {
  const layers = new Set(modules.flatMap(({ file }) => layerOf(file) ?? []));

  expect([...layers].filter((layer) => !(layer in mayImport))).toEqual([]);
});

it("lets no adapter import another", () => {
  const adapterOf = (file: string) => /^src\/adapters\/([^/]+)\//.exec(file)?.[1];

  const broken = modules.flatMap(({ file, imports }) =>
    imports
      .filter((name) => adapterOf(file) && adapterOf(name) && adapterOf(file) !== adapterOf(name))
      .map((name) => `${file} imports ${name}`),
  );

  expect(broken).toEqual([]);
});

it("lets code outside src import nothing of src except the domain", () => {
  const broken = modules
    .filter(({ file }) => !file.startsWith("src/"))
    .flatMap(({ file, imports }) =>
      imports
        .filter((name) => name.startsWith("src/") && !name.startsWith("src/domain/"))
        .map((name) => `${file} imports ${name}`),
    );

  expect(broken).toEqual([]);
});

it("lets the command line import HTTP clients, the domain's types, and little else", () => {
  // @azure/identity: to get a token, and only for those who ask for one; undici: for proxies.
  const allowed = /^(cli\/|clients\/|src\/domain\/|node:|yaml$|undici$|@azure\/identity$)/;

  const broken = modules
    .filter(({ file }) => file.startsWith("cli/"))
    .flatMap(({ file, imports }) =>
      imports.filter((name) => !allowed.test(name)).map((name) => `${file} imports ${name}`),
    );

  expect(broken).toEqual([]);
});

const imports = /^(?:import|export) [^;=]*? from "[^"]+";/gms;

/** Modules of the domain that import types at most, whose values the clients may use. */
const leaves: readonly string[] = [
  "src/domain/defined.ts",
  "src/domain/count.ts",
  "src/domain/messageOf.ts",
  "src/domain/naming/quoteWord.ts",
  "src/domain/operation/actions.ts",
  "src/domain/operation/stepName.ts",
  "src/domain/request/lossText.ts",
  "src/domain/request/modes.ts",
  "src/domain/request/objectForm.ts",
  "src/domain/suggest.ts",
];
const valuesImportedBy = (file: string) =>
  readFileSync(join(root, file), "utf8").match(/^(?:import (?!type )|export (?!type )[^;=]*? from )/gm) ?? [];
const isLeaf = (line: string) => leaves.some((leaf) => line.includes(`/${leaf}"`));

it("lets what both clients share import nothing but the domain's types and leaves, and only clients import it", () => {
  const own = listFiles("clients").filter((name) => name.endsWith(".ts"));
  const lines = own.flatMap((name) =>
    // Without its texts, some of which are lines for an application.
    [
      ...readFileSync(join(root, name), "utf8")
        .replaceAll(/`[^`]*`/g, "``")
        .matchAll(imports),
    ].map(([text]) => [name, text] as const),
  );
  const broken = lines.filter(
    ([, text]) => (!/^import type /.test(text) && !isLeaf(text)) || !/ from "(\.\.\/src\/domain\/|\.\/)/.test(text),
  );
  const isOwnValue = ([, text]: readonly [string, string]) => / from "\.\//.test(text);
  const importing = modules
    .filter(
      ({ file, imports }) =>
        imports.some((name) => name.startsWith("clients/")) && !/^(cli|clients|dashboard)\//.test(file),
    )
    .map(({ file }) => file);

  expect(own.length).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(0);
  expect([...broken.filter((line) => !isOwnValue(line)), ...importing]).toEqual([]);
});

it("connects the dashboard to Mooring by HTTP alone, with the domain's types", () => {
  const own = modules.filter(({ file }) => file.startsWith("dashboard/"));
  const allowed = /^(dashboard\/|clients\/|src\/domain\/|preact($|\/)|@preact\/signals$|oauth4webapi$)/;
  const values = own.flatMap(({ file }) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^import [^;]*? from "[./]+\/src\/[^"]+";/gms)]
      .filter(([text]) => !text.startsWith("import type ") && !isLeaf(text))
      .map(([text]) => `${file}: ${text}`),
  );

  const broken = own.flatMap(({ file, imports }) =>
    imports.filter((name) => !allowed.test(name)).map((name) => `${file} imports ${name}`),
  );
  const importing = modules
    .filter(({ file }) => !file.startsWith("dashboard/"))
    .flatMap(({ file, imports }) =>
      imports.filter((name) => name.startsWith("dashboard/")).map((name) => `${file} imports ${name}`),
    );

  expect(own.length).toBeGreaterThan(20);
  expect([...broken, ...values, ...importing]).toEqual([]);
});

it("lets the command line import from src only types, and values of modules that import no others: anything else loads slowly", () => {
  const values = listFiles("cli").flatMap((name) =>
    readFileSync(join(root, name), "utf8")
      .split("\n")
      .filter((line) => /\bfrom "[./]+\/src\//.test(line) && !/^(import type |\} from )/.test(line))
      .filter((line) => !leaves.some((leaf) => line.includes(`/${leaf}"`)))
      .map((line) => `${name}: ${line}`),
  );

  expect(values).toEqual([]);
  expect(leaves.flatMap(valuesImportedBy)).toEqual([]);
  expect(valuesImportedBy("src/domain/errors.ts")).not.toEqual([]);
});

describe("packages", () => {
  const names = readdirSync(join(root, "packages"));
  const products = ["functions-host", "kube-sim", "azure-sim"];
  const others = [...modules, ...["test", "tools", "bench"].flatMap(listFiles).map(readModule)].filter(
    ({ file }) => !file.startsWith("packages/"),
  );
  const nameOf = (specifier: string) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "";
  /** Its own dependencies, and those that only its tests and tools have. */
  const declaredBy = (name: string) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(join(root, "packages", name, "package.json"), "utf8"),
    );
    return { own: Object.keys(dependencies), all: Object.keys({ ...dependencies, ...devDependencies }) };
  };

  it.each(names)("%s imports nothing but itself and what it declares", (name) => {
    const { own, all } = declaredBy(name);
    const files = modules.filter(({ file }) => file.startsWith(`packages/${name}/`));

    const broken = files.flatMap(({ file, imports }) => {
      // The host supplies @azure/functions-core to its apps.
      const allowed = [...(/\/(test|tools)\//.test(file) ? all : own), "@azure/functions-core"];
      return imports
        .filter((each) => !each.startsWith("node:") && !each.startsWith(`packages/${name}/`))
        .filter((each) => !allowed.includes(nameOf(each)))
        .map((each) => `${file} imports ${each}`);
    });

    expect(files.length).toBeGreaterThan(products.includes(name) ? 60 : 3);
    expect(broken).toEqual([]);
  });

  it("depend on one another in one direction: the simulated cluster on the simulated Azure", () => {
    const depends = products.map((name) => [name, declaredBy(name).own.filter((each) => names.includes(each))]);

    expect(Object.fromEntries(depends)).toEqual({ "functions-host": [], "kube-sim": ["azure-sim"], "azure-sim": [] });
  });

  it("are reached by their entries, and only by what runs the service on this machine", () => {
    const broken = others.flatMap(({ file, imports }) =>
      imports
        .filter((each) => each.startsWith("packages/") || names.includes(nameOf(each)))
        .filter((each) => each.startsWith("packages/") || !/^(sandbox|test|tools|bench)\//.test(file))
        .map((each) => `${file} imports ${each}`),
    );

    expect(
      others.flatMap(({ imports }) => imports).filter((each) => names.includes(nameOf(each))).length,
    ).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  it("run in the sandbox: the host as a process, with what it tells its parent", () => {
    const imported = modules
      .filter(({ file }) => file.startsWith("sandbox/"))
      .flatMap(({ imports }) => imports.filter((each) => nameOf(each) === "functions-host"));

    expect(new Set(imported)).toEqual(new Set(["functions-host/turnFaults"]));
  });
});

it("lets only the command line, the demo, which also speaks HTTP, and npm start, for its flags, import from cli", () => {
  const broken = modules
    .filter(({ file }) => !/^(cli|sandbox\/demo)\//.test(file))
    .flatMap(({ file, imports }) =>
      imports
        .filter((name) => name.startsWith("cli/"))
        .filter((name) => file !== "sandbox/main.ts" || name !== "cli/arguments/values.ts")
        .map((name) => `${file} imports ${name}`),
    );

  expect(broken).toEqual([]);
});

it("reads settings in one file of src, and the proxy where HTTP is sent", () => {
  const readers = listFiles("src").filter((name) => /process\.env/.test(readFileSync(join(root, name), "utf8")));

  expect(readers.map(toPath).toSorted()).toEqual(["src/adapters/httpClient.ts", "src/config.ts"]);
});

it("has no import cycles between files, except in a grammar", () => {
  // An expression contains a query, and a query expressions; so do the calls between their compilers.
  const recursive = "packages/azure-sim/src/sql/engine/";

  const circles = findCircles(new Map(modules.map(({ file, imports }) => [file, imports])));

  expect(circles.filter((circle) => !circle.every((file) => file.startsWith(recursive)))).toEqual([]);
});

it("has no import cycles between folders of src", () => {
  const inFolders = modules.filter(({ file }) => layerOf(file) && file.split("/").length > 2);
  const folders = Map.groupBy(inFolders, ({ file }) => dirname(file));
  const edges = [...folders].map(([folder, files]): [string, readonly string[]] => {
    const imported = files.flatMap(({ imports }) => imports.map(dirname));
    return [folder, [...new Set(imported)].filter((other) => other !== folder)];
  });

  expect(folders.size).toBeGreaterThan(25);
  expect(findCircles(new Map(edges))).toEqual([]);
});

it("starts sandboxes only through the helper that searches for their secrets", () => {
  const suites = listFiles("test").map(readModule);

  const starting = suites.filter(({ imports }) => imports.includes("sandbox/sandbox.ts")).map(({ file }) => file);

  expect(suites.length).toBeGreaterThan(150);
  expect(starting.filter((file) => !file.startsWith("test/support/"))).toEqual([]);
});

/** Depth first; returns each cycle once, from where it was entered. */
function findCircles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const state = new Map<string, "open" | "done">();
  const circles: (readonly string[])[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    if (state.get(node) === "done") return;
    const onPath = [...path, node];
    if (state.get(node) === "open") {
      circles.push(onPath.slice(onPath.indexOf(node)));
      return;
    }
    state.set(node, "open");
    for (const next of edges.get(node) ?? []) if (edges.has(next)) visit(next, onPath);
    state.set(node, "done");
  };
  for (const node of edges.keys()) visit(node, []);
  return circles;
}
