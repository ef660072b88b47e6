/** Mooring in a sandbox, as a test calls it: over HTTP and the queue. */
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { type AnswerToCheck, type CheckAnswer, checkOf } from "./openApi.ts";
import type { SuiteSandbox } from "./sandbox.ts";

export interface Operation {
  readonly id: string;
  readonly status: string;
  readonly phase: string;
  readonly endTime?: string;
  readonly steps: readonly {
    readonly name: string;
    readonly target: string;
    readonly status: string;
    readonly action?: string;
    readonly attempts: number;
    readonly error?: { readonly code: string; readonly message: string; readonly fix: string };
    readonly notices?: readonly { readonly code: string; readonly message: string }[];
  }[];
  readonly result?: {
    readonly clientId: string;
    readonly manifest: string;
    readonly migration?: { readonly completed?: string; readonly podsToMove: readonly string[] };
  };
  readonly error?: { readonly code: string; readonly message: string; readonly fix: string };
  readonly leftUndone?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Service {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a request, which may also remove access, and returns the operation's id. */
  onboard(request: object): Promise<string>;
  offboard(cluster: string, namespace: string): Promise<string>;
  operation(id: string): Promise<Operation>;
  /** Waits until the operation has ended; keeps asking while the service is down. */
  waitFor(id: string, timeoutMs?: number): Promise<Operation>;
}

/**
 * How long an operation takes at most after a kill. The real host first waits until the killed one's messages are visible again
 * (workItemQueueVisibilityTimeout in host.json), a minute after they were taken.
 */
export const recoveryMs = process.env["MOORING_TEST_HOST"] === "func" ? 180_000 : 60_000;

/** Calls with the operator's key where the sandbox has one; a test may set other headers for all calls. */
export function serviceOf(
  { url, key, heard }: Pick<Sandbox, "url"> & Partial<Pick<SuiteSandbox, "key" | "heard">>,
  credential: Readonly<Record<string, string>> = key === undefined ? {} : { "x-mooring-key": key },
): Service {
  let check: Promise<CheckAnswer> | undefined;
  /** Every answer in a test must match the service's own document. */
  const expectDocumented = async (answer: AnswerToCheck) => {
    check ??= fetch(`${url}/api/openapi.json`).then(async (response) => checkOf(await response.text()));
    const problems = (await check)(answer);
    if (problems.length > 0) throw new Error(`the answer does not match /api/openapi.json:\n${problems.join("\n")}`);
  };

  const call: Service["call"] = async (method, path, body, headers = {}) => {
    const isText = typeof body === "string";
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...credential, ...headers },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const { status, headers: answered } = response;
    const contentType = answered.get("content-type");
    const answer = { method, path, status, contentType };
    if (!contentType?.includes("json")) {
      // A live stream has no end to wait for.
      if (contentType?.includes("event-stream")) await response.body?.cancel();
      else heard?.(`answer of ${method} ${path}`, JSON.stringify([...answered]) + (await response.text()));
      await expectDocumented({ ...answer, body: undefined });
      return { status, headers: answered, body: {} };
    }
    const text = await response.text();
    heard?.(`answer of ${method} ${path}`, JSON.stringify([...answered]) + text);
    const parsed = JSON.parse(text);
    await expectDocumented({ ...answer, body: parsed });
    return { status, headers: answered, body: parsed };
  };

  const expectAccepted = ({ status, body }: Answer): string => {
    if (status !== 202) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
    return String(body["id"]);
  };

  const operation: Service["operation"] = async (id) => {
    const { status, body } = await call("GET", `/api/operations/${id}`);
    if (status !== 200) throw new Error(`operation ${id}: answered ${status}: ${JSON.stringify(body)}`);
    return body as object as Operation;
  };

  return {
    call,
    operation,
    onboard: async (request) => expectAccepted(await call("POST", "/api/onboardings?confirmRemoval=true", request)),
    offboard: async (cluster, namespace) =>
      expectAccepted(await call("DELETE", `/api/namespaces/${cluster}/${namespace}`)),
    async waitFor(id, timeoutMs = 30_000) {
      const start = Date.now();
      let last: unknown;
      while (Date.now() < start + timeoutMs) {
        try {
          const current = await operation(id);
          if (current.phase === "done") return current;
          last = current;
        } catch (error) {
          last = error;
        }
        // Whoever has waited long may wait a tenth longer: each question costs the service as much as a part of an operation.
        await new Promise((resolve) => setTimeout(resolve, Math.max(25, (Date.now() - start) / 10)));
      }
      throw new Error(`operation ${id} has not ended after ${timeoutMs} ms`, { cause: last });
    },
  };
}
