import { expect, test } from "vitest";
import { loadTestApp, startDurableHost } from "./support/durableHost.ts";

test("goes on with what has begun before it begins what is new, though new ones are not left waiting", async () => {
  const turns: string[] = [];
  const host = await startDurableHost(await loadTestApp("basic"), {
    settings: { maxConcurrentOrchestratorFunctions: 1 },
    async meetTurn({ instanceId }) {
      turns.push(instanceId);
      return undefined;
    },
  });
  const ids = Array.from({ length: 12 }, (_, number) => `order${number}`);

  await Promise.all(ids.map((id) => host.client.startNew("greet", { instanceId: id, input: id })));
  await Promise.all(ids.map((id) => host.finished(id)));
  await host.close();

  const [first, last] = [turns[0] ?? "", turns.find((_, index) => new Set(turns.slice(0, index + 1)).size === 12)];
  expect(turns.lastIndexOf(first)).toBeLessThan(turns.indexOf(last ?? ""));
  expect(turns).toHaveLength(24);
});
