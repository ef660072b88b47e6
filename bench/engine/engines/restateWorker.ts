/** The workflow on Restate's SDK; prints where it listens. */
import { setTimeout as sleep } from "node:timers/promises";
import { importPeer, workerArguments } from "./peerModules.ts";
import { freePorts } from "./ports.ts";

interface Context {
  run(name: string, action: () => Promise<number>): PromiseLike<number>;
}

interface Sdk {
  service(definition: {
    name: string;
    handlers: Record<string, (context: Context, ms: number) => Promise<string>>;
  }): object;
  endpoint(): { bind(service: object): { listen(port: number): Promise<number> } };
  readonly RestatePromise: { all(promises: readonly PromiseLike<number>[]): PromiseLike<number[]> };
}

const [peers] = workerArguments();
const { service, endpoint, RestatePromise } = await importPeer<Sdk>(peers, "@restatedev/restate-sdk");

const step = (ms: number) => async () => {
  if (ms > 0) await sleep(ms);
  return ms;
};

const bench = service({
  name: "bench",
  handlers: {
    flow: async (context, ms) => {
      await context.run("A", step(ms));
      await RestatePromise.all(["B", "C", "D"].map((name) => context.run(name, step(ms))));
      return "done";
    },
  },
});

const [port = 0] = await freePorts(1);
// The SDK logs its start and every invocation.
console.info = () => undefined;
await endpoint().bind(bench).listen(port);
process.stdout.write(`http://127.0.0.1:${port}\n`);
