/** On a Functions host, which tells nobody that a client has gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runHost } from "functions-host/testing";
import { expect, test } from "vitest";

// The SDK remembers the setting for the whole process.
const setup = `
  const { setTimeout: sleep } = require("node:timers/promises");
  app.setup({ enableHttpStream: true });
`;

test("tells an event stream that its client has gone, so that it stops polling", async () => {
  const events = fileURLToPath(new URL("../../src/http/eventStream.ts", import.meta.url));
  const clients = fileURLToPath(new URL("../../src/http/clients.ts", import.meta.url));
  const { url } = await runHost({
    code: `${setup}
      const { answerEvents } = require(${JSON.stringify(events)});
      const { watchClients } = require(${JSON.stringify(clients)});
      const clients = watchClients();
      globalThis.looksOfStream = 0;
      app.get("follow", (_request, context) => answerEvents({
        subscription: {
          poll: async () => { globalThis.looksOfStream++; return []; },
          changes: { wait: () => sleep(5) },
          isBehind: () => false,
          leave() { globalThis.hasLeftStream = true; },
        },
        isLast: () => false,
        client: clients.find(context),
      }));`,
  });
  const looks = () => Number(Reflect.get(globalThis, "looksOfStream"));
  const client = new AbortController();
  const response = await fetch(`${url}/api/follow`, { signal: client.signal });
  await response.body?.getReader().read();
  await expect.poll(looks).toBeGreaterThan(5);

  client.abort();

  await sleep(100);
  const then = looks();
  await sleep(200);
  expect(looks()).toBe(then);
});
