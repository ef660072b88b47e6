/**
 * The templates as the Bicep compiler sees them. It only warns about a property that does not exist, so here every message
 * is a failure. template.test.ts checks what it does not see, misspelt values.
 *
 * After an intended change: `npm test -- test/infra/bicep.test.ts -u`, and read the difference.
 */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBicep } from "./support/bicep.ts";
import { type BicepServer, startBicepServer } from "./support/bicepServer.ts";
import { deployments, listParameterFiles, readDeployments, snapshotOf } from "./support/snapshots.ts";

const root = dirname(dirname(import.meta.dirname));
const parameterFiles = await listParameterFiles();
const bicep = await findBicep();

it("has a complete prediction of every deployment", async () => {
  const files = await readdir(deployments);
  const predicted = await readDeployments();

  expect(files.filter((file) => file.endsWith(".snapshot.json")).sort()).toEqual(parameterFiles.map(snapshotOf));
  expect(predicted.filter(({ diagnostics }) => diagnostics.length > 0)).toEqual([]);
});

if (bicep === undefined) {
  sayNotRun("the templates were not compiled, for neither bicep nor dotnet is on the PATH.");
} else {
  describe("the compiler", { timeout: 120_000 }, () => {
    let server: BicepServer;

    beforeAll(() => {
      // The minimum that the parameter files need from the environment.
      server = startBicepServer(bicep, {
        AZURE_ENV_NAME: "mooring-test",
        AZURE_LOCATION: "westeurope",
        SAMPLE_ADMIN_OBJECT_ID: "00000000-0000-4000-8000-000000000008",
        SAMPLE_ADMIN_NAME: "platform",
      });
    });
    afterAll(() => server?.close());

    it.each(["infra/main.bicep", "infra/sample/main.bicep"])("has no messages about %s", async (file) => {
      expect(await server.compile(join(root, file))).toEqual({ success: true, diagnostics: [] });
    });

    it.each(["infra/main.bicepparam", "infra/sample/main.bicepparam"])(
      "reads %s with the minimum that it needs",
      async (file) => {
        expect(await server.compileParameters(join(root, file))).toEqual({ success: true, diagnostics: [] });
      },
    );

    it.each([
      { file: "no-auth.bicepparam", says: "Run npm run azure -- entra and add what it prints" },
      { file: "easy-auth-without-entra.bicepparam", says: "Add auth.entra" },
      { file: "budget-without-start.bicepparam", says: "set budgetStartDate and budgetContactEmails" },
    ])("refuses $file before anything is created", async ({ file, says }) => {
      await expect(server.predict(join(import.meta.dirname, "refused", file))).rejects.toThrow(says);
    });

    it.each(parameterFiles)("predicts for %s what the repository's snapshot says", async (file) => {
      const parameters = join(deployments, file);

      expect(await server.compileParameters(parameters)).toEqual({ success: true, diagnostics: [] });
      await expect(await server.predict(parameters)).toMatchFileSnapshot(join(deployments, snapshotOf(file)));
    });
  });
}
