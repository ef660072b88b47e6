/** `mooring catalog check`, without a service. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "./support/program.ts";

let folder: string;
// Nothing listens there: a command that called the service would end with 3.
const env = { MOORING_SERVER: "http://127.0.0.1:9" };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-catalog-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("finds nothing wrong with the sample", async () => {
  const ended = await run(["catalog", "check", "mooring.yaml"], { env });

  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toBe("mooring.yaml  no problems: 1 cluster, 1 SQL server, 1 other target, 1 profile, 1 team\n");
});

it("names the file, line, setting and fix of each problem, and ends with 1", async () => {
  const file = join(folder, "wrong.yaml");
  await writeFile(file, "tenantId: nobody\nclusters:\n  aks-dev:\n    region: x\nsqlServers: {}\n");

  const [table, json] = await Promise.all(
    [[], ["-o", "json"]].map((flags) => run(["catalog", "check", file, ...flags], { env })),
  );

  expect(table).toMatchObject({ code: 1, stderr: "" });
  expect(table?.stdout).toMatch(/^\S+wrong\.yaml {2}\d problems\n/);
  expect(table?.stdout).toMatch(/^\S+wrong\.yaml:1 {2}tenantId\n {4}wrong {2}.+\n {4}next {3}Correct it\. /m);
  expect(table?.stdout).toMatch(/^\S+wrong\.yaml:4 {2}clusters\.aks-dev\.region\n {4}wrong {2}is not a setting\n/m);
  expect(json?.code).toBe(1);
  expect(JSON.parse(json?.stdout ?? "").problems.length).toBeGreaterThan(3);
});

it("refuses a missing file, and requires a file name", async () => {
  const [gone, unnamed, other] = await Promise.all(
    [["check", join(folder, "gone.yaml")], ["check"], ["show"]].map((words) => run(["catalog", ...words], { env })),
  );

  expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining("is not there") });
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining("needs <file>") });
  expect(other).toMatchObject({ code: 2 });
});
