/** Mooring's HTTP interface as a client of it sees it. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const OperationError = z.object({ code: z.string(), message: z.string(), fix: z.string() });

const Step = z.object({
  name: z.string(),
  target: z.string(),
  action: z.string().optional(),
  status: z.enum(["NotStarted", "Running", "Succeeded", "Failed", "Canceled"]),
  attempts: z.int(),
  startTime: z.string().optional(),
  endTime: z.string().optional(),
  error: OperationError.optional(),
  nextRetryTime: z.string().optional(),
});
export type Step = z.infer<typeof Step>;

const Operation = z.object({
  id: z.string(),
  kind: z.string(),
  status: Step.shape.status,
  phase: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  createdTime: z.string(),
  endTime: z.string().optional(),
  result: z.object({ clientId: z.string().optional() }).optional(),
  error: OperationError.optional(),
  steps: z.array(Step),
});
export type Operation = z.infer<typeof Operation>;

const Operations = z.object({ value: z.array(z.object({ id: z.string() })) });

const Namespaces = z.object({ value: z.array(z.object({ namespace: z.string() })) });

export interface Service {
  /** Sends the request and returns the address of the operation that it started. */
  start(method: "POST" | "DELETE", path: string, body?: unknown): Promise<string>;
  /** The address of the newest operation for a namespace, as soon as there is one. */
  findOperation(berth: { cluster: string; namespace: string }): Promise<string>;
  /** Namespaces that the service knows. */
  listNamespaces(): Promise<readonly string[]>;
  /** Looks again and again until the operation is over. */
  follow(path: string, onChange: (operation: Operation) => void): Promise<Operation>;
}

const pollMs = 50;
const timeoutMs = 60_000;

export function createService(url: string, { signal }: { signal: AbortSignal }): Service {
  async function call(method: string, path: string, body?: unknown) {
    const answer = await fetch(new URL(path, url), {
      method,
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
      await sleep(pollMs, undefined, { signal });
    }
  }

  return {
    async start(method, path, body) {
      const answer = await call(method, path, body);
      const location = answer.headers.get("operation-location");
      if (answer.status !== 202 || location === null) {
        throw new Error(`${method} ${path}: ${answer.status}, and no Operation-Location`);
      }
      return location;
    },
    findOperation: ({ cluster, namespace }) =>
      until(`an operation for ${cluster}/${namespace}`, async () => {
        const query = new URLSearchParams({ cluster, namespace });
        const { value } = Operations.parse(await (await call("GET", `/api/operations?${query}`)).json());
        return value[0] && `/api/operations/${value[0].id}`;
      }),
    async listNamespaces() {
      const { value } = Namespaces.parse(await (await call("GET", "/api/namespaces")).json());
      return value.map(({ namespace }) => namespace);
    },
    follow(path, onChange) {
      let last = "";
      return until(`the end of ${path}`, async () => {
        const text = await (await call("GET", path)).text();
        const operation = Operation.parse(JSON.parse(text));
        if (text !== last) onChange(operation);
        last = text;
        return ["Succeeded", "Failed", "Canceled"].includes(operation.status) ? operation : undefined;
      });
    },
  };
}
