/** A team's requests to Mooring, through the command line's own client. */

import { type Beginning, createClient } from "../../cli/service/client.ts";
import { headersOf } from "../../cli/service/credential.ts";
import { followOperation, hasEnded } from "../../cli/service/followOperation.ts";
import { listAll } from "../../cli/service/pages.ts";
import { pause } from "../../cli/service/pause.ts";
import type { AnyOperationDocument, OperationDocument } from "../../src/domain/documents/operation.ts";

export interface Service {
  /** Sends the request and returns the id of the operation that it started. */
  start(call: Beginning): Promise<string>;
  /** The newest operation for a namespace, as soon as there is one. */
  findOperation(namespaceRef: { cluster: string; namespace: string }): Promise<string>;
  /** Namespaces that the service knows. */
  listNamespaces(): Promise<readonly string[]>;
  /** Reports each change until the operation has ended, the last one included. */
  follow(id: string, onChange: (operation: OperationDocument) => void): Promise<OperationDocument>;
}

const pollMs = 50;
const timeoutMs = 60_000;
/** A service that is gone here will not come back. */
const pace = { silenceMs: timeoutMs, patienceMs: 0, retryMs: pollMs };

export function createService(url: string, { signal }: { signal: AbortSignal }): Service {
  const notify = () => undefined;
  const credential = headersOf({ kind: "none" });
  const client = createClient({ server: new URL(url), credential, env: process.env, signal, isPatient: false, notify });

  /** Aborts what takes too long, with an error that names it. */
  async function within<T>(what: string, act: (until: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const late = new Error(`no sign of ${what} within ${timeoutMs / 1_000} s`);
    const timer = setTimeout(() => deadline.abort(late), timeoutMs);
    try {
      return await act(AbortSignal.any([signal, deadline.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async start(call) {
      return (await client.json(call, ["id"])).id;
    },
    findOperation: ({ cluster, namespace }) =>
      within(`an operation for ${cluster}/${namespace}`, async (until) => {
        const call = { route: "GET /api/operations", query: { cluster, namespace } } as const;
        for (;;) {
          const [newest] = (await listAll(client, call, 1)).value;
          if (newest) return newest.id;
          await pause(pollMs, until);
        }
      }),
    async listNamespaces() {
      const { value } = await listAll(client, { route: "GET /api/namespaces" }, 100);
      return value.map(({ namespace }) => namespace);
    },
    follow: (id, onChange) =>
      within(`the end of operation ${id}`, async (until) => {
        // The final event says less than the operation itself, which is reported once.
        const tell = (state: AnyOperationDocument) => void (hasEnded(state) || onChange(expectNoBatch(state)));
        const last = await followOperation(client, id, { signal: until, notify, pace, onChange: tell });
        onChange(expectNoBatch(last));
        return expectNoBatch(last);
      }),
  };
}

/** The walk-through starts no batches. */
function expectNoBatch(operation: AnyOperationDocument): OperationDocument {
  if (operation.kind === "batch") throw new Error(`operation ${operation.id} is a batch`);
  return operation;
}
