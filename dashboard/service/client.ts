/** The HTTP interface: turns problem documents into errors, and tracks whether the service is reachable. */

import { signal } from "@preact/signals";
import {
  type CallOf,
  type ChangeRoute,
  type DocumentOf,
  methodOf,
  type PlanOf,
  type Route,
  type TextRoute,
} from "../../clients/api.ts";
import { defined } from "../../src/domain/defined.ts";
import type { ProblemDocument as Problem } from "../../src/domain/documents/problem.ts";
import { type Address, addressOf } from "./address.ts";
import { askToSignIn, gate, proofHeaders } from "./session.ts";

/** The service refused, and said why. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail);
    this.status = status;
    this.problem = problem;
  }
}

/** The service did not answer, or something else answered instead. */
export class Unreachable extends Error {}

/** `since` is the time of the last answer. */
export const contact = signal<{ readonly isThere: boolean; readonly since: number }>({
  isThere: true,
  since: Date.now(),
});

interface ChangeOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

interface SendOptions extends ChangeOptions {
  readonly method?: "GET" | "POST" | "DELETE";
}

const mostTries = 4;

/** Retries when the service says so, unless that could repeat a change. */
async function request(path: string, options: SendOptions): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const response = await send(path, options);
    if (response.status === 429 && isRead(path, options) && tries < mostTries) {
      await pause(retryAfterMs(response), options.signal);
      continue;
    }
    if (!response.ok) throw await refusal(response);
    const type = response.headers.get("content-type") ?? "";
    return type.includes("json") ? await response.json() : await response.text();
  }
}

/** A dry run changes nothing. */
function isRead(path: string, { method = "GET" }: SendOptions): boolean {
  return method === "GET" || new URL(path, location.origin).searchParams.get("dryRun") === "true";
}

export async function get<R extends Route>(address: Address<R>, signal?: AbortSignal): Promise<DocumentOf<R>> {
  return (await request(address, { signal })) as DocumentOf<R>;
}

export async function getText(address: Address<TextRoute>, signal: AbortSignal): Promise<string> {
  return (await request(address, { signal })) as string;
}

/** What the change would do, without doing it. */
export async function plan<R extends ChangeRoute>(call: CallOf<R>, options: ChangeOptions): Promise<PlanOf<R>> {
  const address = addressOf<Route>({ ...call, query: { ...call.query, dryRun: "true" } });
  return (await request(address, { ...options, method: methodOf(call) })) as PlanOf<R>;
}

export async function change<R extends Route>(call: CallOf<R>, options: ChangeOptions): Promise<DocumentOf<R>> {
  return (await request(addressOf(call), { ...options, method: methodOf(call) })) as DocumentOf<R>;
}

/** Returns any answer; throws only when there is none. */
export async function send(path: string, { method = "GET", body, headers, signal }: SendOptions): Promise<Response> {
  const proof = await proofHeaders();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      cache: "no-store",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...proof, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...defined({ signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    lose();
    throw new Unreachable("The service is not responding.", { cause: error });
  }
  const gateway = response.status === 502 || response.status === 504;
  if (gateway) lose();
  else contact.value = { isThere: true, since: Date.now() };
  return response;
}

function lose(): void {
  if (!contact.value.isThere) return;
  contact.value = { ...contact.value, isThere: false };
  void lookForService();
}

/** Probes the service until it answers, whatever the page does, since an open stream may not notice a short outage. */
async function lookForService(): Promise<void> {
  while (!contact.value.isThere) {
    const online = new AbortController();
    addEventListener("online", () => online.abort(), { once: true });
    // With jitter, so that tabs do not retry together; immediately when the machine is back online.
    await pause(2_000 + Math.random() * 1_000, online.signal).catch(() => undefined);
    if (!document.hidden) await send("/api/health/live", {}).catch(() => undefined);
  }
}

/** A 401 on any call leads to the sign-in page. */
export async function refusal(response: Response): Promise<Error> {
  const isProblem = (response.headers.get("content-type") ?? "").includes("json");
  if (response.status === 401 && gate.value === "open") askToSignIn("You are no longer signed in.");
  if (!isProblem) {
    return new Unreachable(`A proxy or gateway answered ${response.status} instead of the service.`);
  }
  return new Refused(response.status, (await response.json()) as Problem);
}

export function retryAfterMs({ headers }: Response): number {
  const seconds = Number(headers.get("retry-after") ?? "1");
  return Math.min(30, Number.isFinite(seconds) && seconds > 0 ? seconds : 1) * 1_000;
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
