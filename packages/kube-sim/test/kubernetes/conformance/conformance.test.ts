/**
 * Kubernetes' own conformance tests, those that need no running pod. specs.json names what the simulated API server passes, in parts of a
 * second (`quick`) or while time goes by (`slow`, only in a soak: five minutes of waiting), and why it does not pass the others.
 * real.json has what a real one makes of the same. Their program is built by `npm run conformance -- --build`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { isSoak } from "test-support/proofs";
import { expect, test } from "vitest";
import { z } from "zod";
import { findPrograms, readVersions, testPrograms } from "../../../src/apiServer/programs.ts";
import { usesRealApiServer } from "../../../src/cluster/index.ts";
import { runConformance } from "../../../tools/runConformance.ts";
import { startCluster } from "../cluster.ts";

const Specs = z.object({
  ...{ quick: z.array(z.string()), slow: z.array(z.string()) },
  unmet: z.record(z.string(), z.array(z.string())),
});
const file = join(import.meta.dirname, "specs.json");
const { quick, slow, unmet } = Specs.parse(JSON.parse(readFileSync(file, "utf8")));
const program = testPrograms.conformance.path();
const programs = findPrograms();

test("names each conformance test once", () => {
  const all = [...quick, ...slow, ...Object.values(unmet).flat()];
  expect(all.length).toBe(new Set(all).size);
  expect(quick.length + slow.length).toBeGreaterThanOrEqual(70);
});

test("has the real API server's result for each that the simulated one passes, and it passes nearly all", () => {
  const Real = z.object({
    kubernetes: z.string(),
    passed: z.array(z.string()),
    failed: z.record(z.string(), z.string()),
  });
  const real = Real.parse(JSON.parse(readFileSync(join(import.meta.dirname, "real.json"), "utf8")));
  expect(real.kubernetes).toBe(readVersions().kubernetes);
  expect([...real.passed, ...Object.keys(real.failed)].toSorted()).toEqual([...quick, ...slow].toSorted());
  expect(Object.keys(real.failed).length).toBeLessThanOrEqual(3);
});

if (!existsSync(program) || programs === undefined) {
  const how = `npm run apiServer, ${testPrograms.conformance.build}`;
  sayNotRun(`Kubernetes' own conformance tests: they are not built here (${how})`);
} else if (usesRealApiServer) {
  sayNotRun("Kubernetes' own conformance tests: on the real API server, npm run conformance -- --api-server runs them");
} else {
  const specs = isSoak ? [...quick, ...slow] : quick;
  test(`passes ${specs.length} of Kubernetes' conformance tests`, { timeout: 1_800_000 }, async () => {
    const cluster = await startCluster();
    const kubeconfig = cluster.simulator.kubeconfig();
    const results = await runConformance({ program, kubectl: programs.kubectl, kubeconfig, specs });
    await cluster.simulator.close();
    expect(results.filter(({ passed }) => !passed).map(({ name, why }) => `${name}: ${why}`)).toEqual([]);
    expect(results.map(({ name }) => name).toSorted()).toEqual(specs.toSorted());
  });
}
