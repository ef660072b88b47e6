/**
 * What Azure, clusters and databases have answered, so that nobody asks them again at once: within one look, and among the steps of one
 * operation (docs/adr/0033-asked-once.md).
 */
import { mayStillLand } from "../domain/errors.ts";
import type { Plan } from "../domain/operation/plan.ts";
import type { StepKey } from "../domain/operation/stepName.ts";
import type { Ports } from "../ports/index.ts";
import { aroundPorts, type PortCall } from "./aroundPorts.ts";

/** A turn in a queue changes all the time; what an authorizer or the admission by others says follows from much else. */
const neverKept: ReadonlySet<string> = new Set(["pace", "whyForbidden", "mayDo", "apply", "remove"]);

function isKept({ effect, isOutward, method }: PortCall): boolean {
  return effect === "reads" && isOutward && !neverKept.has(method);
}

/** Whoever asks for an object may know more of it than what it is called. */
function keyOf({ port, method, input }: PortCall): string {
  if (port !== "kubernetes" || method !== "get") return JSON.stringify([port, method, ...input]);
  const { apiVersion, kind, namespace, name } = objectIn(input);
  return JSON.stringify([port, method, input[0], apiVersion, kind, namespace, name]);
}

/** For looks at one moment: they see everything in one state, and ask once for it. */
export function readOnce(ports: Ports): Ports {
  const found = new Map<string, unknown>();
  return aroundPorts(ports, (call) => {
    if (!isKept(call)) return call.go();
    const key = keyOf(call);
    const answer = found.get(key) ?? call.go();
    found.set(key, answer);
    return answer;
  });
}

export interface Answers {
  /** Asks, and keeps every answer until a step writes where it came from. */
  keeping(ports: Ports): Ports;
  /** The same, but what another look was told after that time, in milliseconds, serves as the answer, until `stop`. */
  recalling(ports: Ports, since?: number): Recalling;
  /** What the looks of the operation found. */
  planned(plan: Plan): void;
  /** Whether they found nothing to do for the step. */
  plansNothing(step: StepKey): boolean;
}

export interface Recalling {
  readonly ports: Ports;
  /** Whether an answer of another look has served. */
  isUsed(): boolean;
  stop(): void;
}

/** How long an answer may serve another step. */
const keptMs = 60_000;
/** How long it is kept when no step of the operation runs: they follow each other at once, and a batch has many operations. */
const idleMs = 2_000;

interface Answer {
  readonly call: PortCall;
  readonly time: number;
  /** The look that asked. */
  readonly by: object;
  readonly answer: unknown;
}

function createAnswers(): Answers {
  const found = new Map<string, Answer>();
  const idle = new Set<string>();
  let isTrusted = true;

  function forget(write: PortCall): void {
    for (const [key, { call }] of found) if (isChangedBy(call, write)) found.delete(key);
  }

  async function write(call: PortCall): Promise<unknown> {
    forget(call);
    try {
      return await call.go();
    } catch (error) {
      // What it wrote may take effect at any time.
      if (mayStillLand(error)) isTrusted = false;
      throw error;
    } finally {
      // What was read meanwhile may be either state.
      forget(call);
    }
  }

  function keep(call: PortCall, by: object): unknown {
    if (call.effect === "writes" && call.isOutward) return write(call);
    const answer = call.go();
    if (!isKept(call)) return answer;
    const key = keyOf(call);
    const kept: Answer = { call, time: Date.now(), by, answer };
    found.set(key, kept);
    Promise.resolve(answer).catch(() => {
      if (found.get(key) === kept) found.delete(key);
    });
    return answer;
  }

  return {
    keeping(ports) {
      const by = {};
      return aroundPorts(ports, (call) => keep(call, by));
    },
    recalling(ports, since = 0) {
      const by = {};
      const oldest = Math.max(since, Date.now() - keptMs);
      let isUsed = false;
      let isStopped = false;
      const recall = (call: PortCall): unknown => {
        const known = isKept(call) && isTrusted && !isStopped ? found.get(keyOf(call)) : undefined;
        if (!known || known.by === by || known.time < oldest) return keep(call, by);
        isUsed = true;
        return known.answer;
      };
      return {
        ports: aroundPorts(ports, recall),
        isUsed: () => isUsed,
        stop() {
          isStopped = true;
        },
      };
    },
    planned({ steps }) {
      for (const { name, target, action } of steps) if (action === "none") idle.add(`${name} ${target}`);
    },
    plansNothing: ({ name, target }) => idle.has(`${name} ${target}`),
  };
}

/** What a write to one service changes in another: a bound identity gets a credential, a cluster what its managed namespace says. */
const alsoChanged: Partial<Record<PortCall["port"], PortCall["port"]>> = {
  identityBindings: "identities",
  managedNamespaces: "kubernetes",
  sqlServers: "databases",
};

/** Whether an answer may be another one after the write: it is about the same service or, in a cluster, the same API. */
function isChangedBy({ port, method, input }: PortCall, write: PortCall): boolean {
  if (alsoChanged[write.port] === port) return true;
  if (port !== write.port) return false;
  if (write.method.endsWith("FederatedCredential")) return method === "federatedCredentials";
  if (port !== "kubernetes") return true;
  const [changed, asked] = [objectIn(write.input), objectIn(input)];
  // With a namespace goes everything in it; whatever has a name and no namespace is in none.
  const mayBeInside = asked.namespace !== undefined || asked.name === undefined;
  return changed.apiVersion === asked.apiVersion || (changed.kind === "Namespace" && mayBeInside);
}

type Described = { readonly [Field in "apiVersion" | "kind" | "namespace" | "name"]?: unknown };

function objectIn([, about]: PortCall["input"]): Described {
  return typeof about === "object" && about !== null ? { ...about } : {};
}

interface Kept {
  readonly answers: Answers;
  users: number;
  forgetting?: NodeJS.Timeout;
}

const ofOperations = new WeakMap<Ports, Map<string, Kept>>();

/** What the steps of the operation have been told in this process: as long as one of them runs, and a while longer. */
export async function withAnswers<T>(
  ports: Ports,
  operation: string,
  run: (answers: Answers) => Promise<T>,
): Promise<T> {
  const operations = ofOperations.get(ports) ?? new Map<string, Kept>();
  ofOperations.set(ports, operations);
  const kept: Kept = operations.get(operation) ?? { answers: createAnswers(), users: 0 };
  operations.set(operation, kept);
  clearTimeout(kept.forgetting);
  kept.users += 1;
  try {
    return await run(kept.answers);
  } finally {
    kept.users -= 1;
    if (kept.users === 0) kept.forgetting = setTimeout(() => operations.delete(operation), idleMs).unref();
  }
}
