import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

const noWorkers = "Did not find any initialized language workers";
let app: FunctionApp;
let host: DurableHost;
/** Names of orchestrations whose next turn fails. */
let failing: string[];

beforeAll(async () => {
  app = await loadTestApp("basic");
});
beforeEach(async () => {
  failing = [];
  host = await startDurableHost(app, {
    async meetTurn({ name }) {
      const at = failing.indexOf(name);
      if (at < 0) return undefined;
      failing.splice(at, 1);
      return noWorkers;
    },
  });
});
afterEach(() => host.close());

it("fails an orchestration that is due with the extension's message, and starts it again under the same id", async () => {
  failing = ["greet"];
  await host.client.startNew("greet", { instanceId: "again", input: "Ada" });

  expect(await host.finished("again")).toMatchObject({
    runtimeStatus: "Failed",
    output: `Orchestrator function 'greet' failed: ${noWorkers}`,
  });
  await host.client.startNew("greet", { instanceId: "again", input: "Ada" });

  expect(await host.finished("again")).toMatchObject({ runtimeStatus: "Completed" });
});

it("raises a child's failure in its parent", async () => {
  failing = ["greet"];

  const { output } = await host.run("callChild", { name: "greet", input: "Ada" });

  expect(output).toEqual({ caught: expect.stringContaining(noWorkers) });
});
