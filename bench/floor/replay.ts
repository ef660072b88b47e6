/**
 * Sends recorded calls again, with nothing but undici: each as soon as those have been answered that the service had waited for. Run
 * as a child process, so that its processor time can be told from the simulated cloud's. Takes calls by IPC, and answers with
 * the time that it took.
 */
import { Agent, request } from "undici";
import type { RecordedCall } from "./recorded.ts";

const dispatcher = new Agent({ keepAliveTimeout: 60_000, headersTimeout: 0, bodyTimeout: 0, allowH2: false });
/** These belong to the connection; undici sets them itself. */
const ofConnection = new Set(["connection", "content-length", "host", "transfer-encoding", "accept-encoding"]);

function headersOf({ headers }: RecordedCall): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const [name = "", value = ""] = headers.slice(index, index + 2);
    if (!ofConnection.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

async function send(call: RecordedCall): Promise<void> {
  const { method, url, body } = call;
  const answer = await request(url, { dispatcher, method: method as "GET", headers: headersOf(call), body });
  await answer.body.text();
}

/** Returns how long all of them took, in milliseconds. */
async function replay(calls: readonly RecordedCall[]): Promise<number> {
  const begun = performance.now();
  const sent: { call: RecordedCall; answered: Promise<void> }[] = [];
  for (const call of calls.toSorted((a, b) => a.begun - b.begun)) {
    const before = sent.filter((other) => other.call.ended <= call.begun).map(({ answered }) => answered);
    sent.push({ call, answered: Promise.all(before).then(() => send(call)) });
  }
  await Promise.all(sent.map(({ answered }) => answered));
  return performance.now() - begun;
}

process.on("message", (calls: readonly RecordedCall[]) => {
  void replay(calls).then((ms) => process.send?.(ms));
});
