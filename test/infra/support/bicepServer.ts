/**
 * The compiler as one process that answers many requests: `bicep jsonrpc --stdio`, JSON-RPC 2.0 with the headers of the language
 * server protocol. Each start of the command line takes three seconds; this process starts only once.
 */
import { spawn } from "node:child_process";
import { z } from "zod";

const Diagnostic = z.object({
  source: z.string(),
  range: z.object({ start: z.object({ line: z.int() }) }),
  level: z.string(),
  code: z.string(),
  message: z.string(),
});
const Compiled = z.object({ success: z.boolean(), diagnostics: z.array(Diagnostic) });
export type Compiled = z.infer<typeof Compiled>;
const Predicted = z.object({ snapshot: z.string() });
const Snapshot = z.looseObject({ outputs: z.record(z.string(), z.unknown()).default({}) });
const Answer = z.object({
  id: z.int(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** The scope of the tests' deployments. */
const scope = {
  tenantId: "00000000-0000-4000-8000-000000000001",
  subscriptionId: "00000000-0000-4000-8000-000000000003",
  location: "westeurope",
};

export interface BicepServer {
  compile(file: string): Promise<Compiled>;
  compileParameters(file: string): Promise<Compiled>;
  predict(parameterFile: string): Promise<string>;
  close(): void;
}

export function startBicepServer(bicep: string, env: Readonly<Record<string, string>>): BicepServer {
  const child = spawn(bicep, ["jsonrpc", "--stdio"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  let received = Buffer.alloc(0);

  child.stdout.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let message = takeMessage(); message !== undefined; message = takeMessage()) {
      const { id, result, error } = Answer.parse(JSON.parse(message));
      const call = waiting.get(id);
      waiting.delete(id);
      if (error) call?.reject(new Error(error.message));
      else call?.resolve(result);
    }
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`bicep ended with ${code}`));
  });

  function takeMessage(): string | undefined {
    const headerEnd = received.indexOf("\r\n\r\n");
    if (headerEnd < 0) return undefined;
    const length = Number(/Content-Length: (\d+)/i.exec(received.toString("latin1", 0, headerEnd))?.[1]);
    const bodyEnd = headerEnd + 4 + length;
    if (received.length < bodyEnd) return undefined;
    const body = received.toString("utf8", headerEnd + 4, bodyEnd);
    received = received.subarray(bodyEnd);
    return body;
  }

  function call(method: string, params: object): Promise<unknown> {
    lastId += 1;
    const id = lastId;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  return {
    compile: async (path) => Compiled.parse(await call("bicep/compile", { path })),
    compileParameters: async (path) =>
      Compiled.parse(await call("bicep/compileParams", { path, parameterOverrides: {} })),
    predict: async (path) =>
      print(Predicted.parse(await call("bicep/getSnapshot", { path, metadata: scope })).snapshot),
    close: () => child.kill(),
  };
}

/** Sorts the outputs, which the compiler writes in a different order every time. */
function print(predicted: string): string {
  const snapshot = Snapshot.parse(JSON.parse(predicted));
  const outputs = Object.fromEntries(Object.entries(snapshot.outputs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ ...snapshot, outputs }, null, 2)}\n`;
}
