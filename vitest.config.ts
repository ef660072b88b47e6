import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longestFirst.ts";

/**
 * A worker runs files one after another on the same modules: in a process for each, most of its time goes into reading and
 * compiling them again. Pure files start no servers, and nothing has to be built for them.
 */
const pure = [
  "test/*.test.ts",
  "test/{application,clients,domain,durable,families,functions,http,orchestrations,resources,telemetry}/**/*.test.ts",
];
/** Change their process for good, its environment, clock or modules, or meet what MSAL keeps in it of managed identities' tokens. */
const alone = [
  "test/adapters/httpClient.test.ts",
  "test/sandbox/{coreTools,eventStreamGone}.test.ts",
  "test/proof/**/*.test.ts",
  "test/releases/**/*.test.ts",
];
/** What tests the proofs. */
const ofProofs = ["test/proof/defects/**/*.test.ts"];
/** Programs in Go, Java and Python, and other people's. `npm run test:all` adds them, what tests the proofs, and the packages. */
const programs = ["test/cli/foreignClients.test.ts", "test/sandbox/{driverLines,schemathesis}.test.ts"];
const packages = ["packages/*/test/**/*.test.ts"];
const packagesAlone = [
  "packages/azure-sim/test/{arm/identities,entra/entra,nodeIdentity/nodeIdentity}.test.ts",
  "packages/functions-host/test/**/*.test.ts",
  "packages/kube-sim/test/kubelet/kubelet.test.ts",
];
/** On the real host, one at a time, what does not look into the embedded one (sandbox/coreTools.ts). */
const isOnCoreTools = process.env["MOORING_TEST_HOST"] === "func";
/** Look into the embedded host: its engine's faults, its store, its durable interface. */
const onlyEmbedded = [
  "test/proof/canaries.test.ts",
  "test/sandbox/{history,killWrites,resumeOperation,telemetry,twoInstances,unwritableStore}.test.ts",
];
const only = isOnCoreTools ? onlyEmbedded : [];
const include = isOnCoreTools ? ["test/{sandbox,cli,proof}/**/*.test.ts"] : ["test/**/*.test.ts"];
const ofMooring = { setupFiles: ["test/support/setup.ts"], globalSetup: ["test/support/built.ts"] };

const beyond = [
  { extends: true, test: { name: "programs", include: programs, isolate: false, ...ofMooring } },
  { extends: true, test: { name: "proofs", include: ofProofs, ...ofMooring } },
  { extends: true, test: { name: "packages", include: packages, exclude: packagesAlone, isolate: false } },
  { extends: true, test: { name: "packages alone", include: packagesAlone } },
] as const;

export default defineConfig({
  test: {
    // Wire tests start servers and child processes; two cores are shared with them.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // Much of their time is waiting: with a worker for each core, some of the cores idle.
    maxWorkers: isOnCoreTools ? 1 : availableParallelism() + 2,
    // A worker makes much garbage that dies at once, and none lives long enough to earn back V8's last compiler (sandbox/hostProcess.ts).
    execArgv: ["--max-semi-space-size=64", "--invocation-count-for-turbofan=30000"],
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/lastWordsReporter.ts"],
    projects: [
      { extends: true, test: { name: "pure", include: pure, isolate: false, setupFiles: ofMooring.setupFiles } },
      {
        extends: true,
        test: {
          name: "wired",
          include,
          exclude: [...pure, ...alone, ...(isOnCoreTools ? only : programs)],
          isolate: false,
          ...ofMooring,
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: isOnCoreTools ? ["test/proof/**/*.test.ts"] : alone,
          exclude: [...only, ...ofProofs],
          ...ofMooring,
        },
      },
      ...(isOnCoreTools ? [] : beyond),
    ],
  },
});
