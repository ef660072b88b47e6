/**
 * `npm run conformance`: Kubernetes' own conformance tests against the simulated API server, or with `-- --api-server` against the
 * real one: all specs that the list says are passed, or those of the list whose names contain each of the words that follow. With
 * `-- --record`, it notes beside the list what the real one made of them; with `-- --build`, it builds their program instead.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { readVersions, requirePrograms, testPrograms } from "../src/apiServer/programs.ts";
import { startCluster } from "../src/cluster/index.ts";
import { createContext, name } from "../start.ts";
import { buildWith, endWith, findGo, kubernetesFlags } from "./go.ts";
import { runConformance, type SpecResult } from "./runConformance.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "api-server": { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    build: { type: "boolean", default: false },
  },
});
const folder = join(dirname(import.meta.dirname), "test/kubernetes/conformance");
const program = testPrograms.conformance.path();

try {
  if (values.build) build();
  else await run();
} catch (error) {
  endWith(error);
}

function build() {
  if (!existsSync(program)) {
    const go = findGo();
    mkdirSync(dirname(program), { recursive: true });
    console.error(`Building Kubernetes' tests with Go into ${dirname(program)}: some 4 minutes on two cores …`);
    const args = ["test -c", "-ldflags", kubernetesFlags(), "k8s.io/kubernetes/test/e2e"];
    buildWith(go, { path: program, module: "conformance", args });
  }
  console.log(program);
}

async function run() {
  if (!existsSync(program)) {
    console.error(
      `Kubernetes' tests are not built on this machine. Build them with: ${testPrograms.conformance.build}`,
    );
    process.exit(69);
  }
  const { kubectl } = requirePrograms();
  const specs = allSpecs().filter((name) => positionals.every((word) => name.includes(word)));
  const cluster = await startCluster(await createContext(), {
    cluster: name,
    isReal: values["api-server"] || values.record,
  });
  const results = await runConformance({ program, kubectl, kubeconfig: cluster.kubeconfig(), specs });
  await cluster.close();
  for (const { name, passed, seconds, why } of results) {
    console.log(
      `${passed ? "passed" : "FAILED"}  ${seconds.toFixed(1).padStart(5)} s  ${name}${passed ? "" : `\n        ${why}`}`,
    );
  }
  if (values.record) record(results);
  const passed = results.filter((each) => each.passed).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exit(passed === results.length ? 0 : 1);
}

/** How long each took is not noted: it would be another number every time. */
function record(results: readonly SpecResult[]) {
  const sorted = results.toSorted((a, b) => a.name.localeCompare(b.name));
  const passed = sorted.filter((each) => each.passed).map(({ name }) => name);
  const failed = Object.fromEntries(sorted.filter((each) => !each.passed).map(({ name, why }) => [name, why]));
  const { kubernetes } = readVersions();
  writeFileSync(join(folder, "real.json"), `${JSON.stringify({ kubernetes, passed, failed }, null, 2)}\n`);
}

/** All that the list names, met or not: words choose among them. */
function allSpecs(): readonly string[] {
  const file = join(folder, "specs.json");
  const Specs = z.object({
    ...{ quick: z.array(z.string()), slow: z.array(z.string()) },
    unmet: z.record(z.string(), z.array(z.string())),
  });
  const { quick, slow, unmet } = Specs.parse(JSON.parse(readFileSync(file, "utf8")));
  return positionals.length === 0 ? [...quick, ...slow] : [...quick, ...slow, ...Object.values(unmet).flat()];
}
