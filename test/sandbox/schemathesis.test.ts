/**
 * The OpenAPI document against the service, by a tool that believes the document: Schemathesis sends what the document calls valid,
 * and what it does not, and compares every answer with it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isShort, shareOf } from "test-support/proofs";
import { afterAll, expect, it } from "vitest";
import { pythonPackage } from "../support/python.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";

const what = "the OpenAPI document against the service";
const schemathesis = pythonPackage("schemathesis", "4.32.5", what);
let sandbox: SuiteSandbox | undefined;
afterAll(() => sandbox?.close());

/** Without answers to a method that the SDK cannot receive, and without streams, which do not end by themselves. */
const options = [
  ...["--exclude-path-regex", "/events$", "--exclude-checks", "positive_data_acceptance,unsupported_method"],
  ...[
    "--phases",
    isShort ? "examples,fuzzing" : "examples,coverage,fuzzing",
    "--max-examples",
    String(Math.max(2, shareOf(40))),
    "--seed",
    "1",
    "--request-timeout",
    "30",
  ],
  ...["--suppress-health-check", "all", "--no-color", "--wait-for-schema", "10"],
];

if (schemathesis) {
  it("takes what the document calls valid, and answers as the document says", async () => {
    sandbox = await startSandbox({
      because: "it asks for everything that there is",
      callers: "keys",
    });
    const operator = sandbox.cloud.people.find(({ name }) => name === "operator");
    if (operator === undefined) throw new Error("the sandbox has no operator");

    const { code, output } = await run([
      "run",
      `${sandbox.url}/api/openapi.json`,
      ...["-H", `Authorization: Bearer ${await sandbox.cloud.tokenOf(operator)}`],
      ...options,
    ]);

    const [, generated = "0"] = /(\d+) generated/.exec(output) ?? [];
    expect(Number(generated), output).toBeGreaterThan(100);
    expect(code, output).toBe(0);
  }, 600_000);
}

async function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(schemathesis ?? "", args, {
    // It keeps what it found in a folder beside.
    cwd: mkdtempSync(join(tmpdir(), "mooring-schemathesis-")),
    env: {
      ...process.env,
      PYTHONPATH: join(import.meta.dirname, "support"),
      SCHEMATHESIS_HOOKS: "documentChecks",
      NO_COLOR: "1",
    },
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  return { code, output };
}
