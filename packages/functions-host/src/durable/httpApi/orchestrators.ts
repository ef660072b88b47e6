/** POST orchestrators/{name}/{id?}: starts an orchestration, and waits for its end on request. */
import type { HttpAnswer, HttpCall } from "../../app.ts";
import { ArgumentError } from "../management.ts";
import { type InstanceRow, isFinal } from "../records.ts";
import { invalidJson, json, jsonText, message, problem, query, readJsonText } from "./answers.ts";
import type { Api } from "./api.ts";
import { viewStatus } from "./statusView.ts";

export async function startOrchestration(api: Api, call: HttpCall, path: readonly string[]): Promise<HttpAnswer> {
  const [, name = "", id] = path;
  const body = readJsonText(call);
  if ("invalid" in body) return invalidJson(body.invalid);
  let row: InstanceRow;
  try {
    row = await api.management.start({
      name,
      id,
      input: body.json,
      version: query(call, "version"),
      traceParent: call.headers["traceparent"],
    });
  } catch (error) {
    // Only the text, unlike elsewhere (HttpApiHandler.cs, HandleStartOrchestratorRequestAsync).
    if (error instanceof ArgumentError) return message(400, error.message);
    throw error;
  }
  const foreign = /[^\0-\x7f]/u.exec(row.id)?.[0];
  if (foreign !== undefined) {
    // The instance runs, but the answer's Location header cannot contain its id.
    const code = foreign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return problem(500, new Error(`Invalid non-ASCII or control character in header: 0x${code}`));
  }

  return await acceptedOrEnded(api, call, row);
}

/** With `timeout` and `pollingInterval`, the answer to a start or restart waits for the end. */
export async function acceptedOrEnded(api: Api, call: HttpCall, row: InstanceRow): Promise<HttpAnswer> {
  const [timeout, pollingInterval] = [Number(query(call, "timeout")), Number(query(call, "pollingInterval"))];
  if (!(timeout > 0 && pollingInterval > 0)) return accepted(api, row);
  const ended = await waitUntilFinished(api, row, timeout * 1000);
  switch (ended?.status) {
    case "Completed":
      return jsonText(200, ended.output ?? "null");
    case "Terminated":
      return json(200, viewStatus(ended, { showInput: true }));
    case "Failed":
      return json(500, viewStatus(ended, { showInput: true }));
    default:
      return accepted(api, row);
  }
}

function accepted(api: Api, row: InstanceRow): HttpAnswer {
  const { rewindPostUri: _, ...links } = api.links(row.id);
  return json(202, { id: row.id, ...links }, { location: links.statusQueryGetUri, "retry-after": "10" });
}

/** Notified, not polled, so the caller's interval has no use here. Undefined when it did not finish in time. */
async function waitUntilFinished(
  { engine }: Api,
  { key }: InstanceRow,
  timeoutMs: number,
): Promise<InstanceRow | undefined> {
  if (!engine.instances.isInMemory(key)) {
    const row = engine.store.instanceByKey(key);
    if (row === undefined || isFinal(row.status)) return row;
  }
  const { clock } = engine;
  const deadline = clock.now() + timeoutMs;
  return await new Promise((resolve) => {
    let callOff = () => {};
    const wait = () => {
      const leftMs = deadline - clock.now();
      if (leftMs > 0) {
        callOff = clock.after(leftMs, wait);
        return;
      }
      forget();
      resolve(undefined);
    };
    const forget = engine.lifecycle.whenFinished(key, (row) => {
      callOff();
      resolve(row);
    });
    wait();
  });
}
