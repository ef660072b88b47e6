import { randomBytes } from "node:crypto";
import type { InvocationInput, InvocationResult, RegisteredFunction } from "./app.ts";
import {
  type Callback,
  CoreError,
  type CoreInvocation,
  programmingModel,
  type Registration,
  type Registrations,
} from "./core.ts";
import type { Log } from "./log.ts";

/** The parts of a function's invocation that are the same every time. */
export interface Invocable {
  readonly definition: RegisteredFunction;
  readonly registration: Registration;
  readonly logs: { readonly user: Log; readonly system: Log };
}

/** Runs hooks and handler in the Node worker's order, and sets the phase on which the SDK bases its warnings. */
export async function invoke(
  app: Registrations,
  called: Invocable,
  input: InvocationInput & { readonly invocationId: string },
): Promise<InvocationResult> {
  const { registration } = called;
  const model = programmingModel();
  if (model === undefined) throw new CoreError("The app has no programming model: it never required @azure/functions.");
  const core = createInvocation(called, input);
  const invocation = await model.getInvocationModel(core);
  const { context, inputs: parsed } = await invocation.getArguments();
  const inputs = input.raw === undefined ? parsed : [input.raw];
  const given: Work = { inputs, functionCallback: registration.callback };
  // Most turns and activities have none, and make nothing for them.
  const work = app.hooks.preInvocation.length === 0 ? given : await prepare(app, { core, context, given });
  core.state = "invocation";
  let result: unknown = null;
  try {
    result = await invocation.invokeFunction(context, work.inputs, work.functionCallback);
  } catch (error) {
    // To the worker, whoever throws null or undefined returns nothing.
    if (error !== null && error !== undefined) throw error;
  } finally {
    core.state = undefined;
  }
  if (input.raw !== undefined) return { result, returnValue: undefined };
  const response = await invocation.getResponse(context, result);
  return { result, returnValue: response.returnValue ?? undefined };
}

interface Work {
  inputs: unknown[];
  functionCallback: Callback;
}

/** What the hooks make of it. */
async function prepare(
  app: Registrations,
  { core, context, given }: { readonly core: CoreInvocation; readonly context: object; readonly given: Work },
): Promise<Work> {
  const prepared = createHookContext({ hookData: {}, appHookData: app.appHookData, invocationContext: context }, given);
  core.state = "preInvocationHooks";
  try {
    await runHooks(app.hooks.preInvocation, prepared);
  } finally {
    core.state = undefined;
  }
  return prepared;
}

export async function runHooks(hooks: readonly ((context: object) => unknown)[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** A hook may read `fixed` but not replace it; it may replace what is in `open`. */
export function createHookContext<T extends object>(fixed: object, open: T): T {
  const context = { ...open };
  for (const [name, value] of Object.entries(fixed)) {
    Object.defineProperty(context, name, {
      enumerable: true,
      get: () => value,
      set() {
        throw new CoreError(`Cannot assign to read only property '${name}'`);
      },
    });
  }
  return context;
}

function createInvocation(
  { definition, registration, logs }: Invocable,
  input: InvocationInput & { readonly invocationId: string },
): CoreInvocation {
  const { trigger, inputs, triggerMetadata, hostSpan, traceParent, invocationId, instanceId } = input;
  const inputData = [{ name: definition.trigger.name, data: trigger }];
  for (const name in inputs) {
    const data = inputs[name];
    if (data !== undefined) inputData.push({ name, data });
  }
  return {
    invocationId,
    request: {
      invocationId,
      functionId: definition.functionId,
      inputData,
      triggerMetadata: triggerMetadata ?? {},
      traceContext: {
        traceParent: hostSpan ?? continueTrace(traceParent),
        traceState: "",
        attributes: {},
      },
    },
    metadata: registration.metadata,
    state: undefined,
    log(level, category, message) {
      logs[category].write(level, message, { invocationId, instanceId });
    },
  };
}

/** W3C trace context: the caller's trace with a span of our own, or a new trace. */
function continueTrace(traceParent: string | undefined): string {
  const [, trace, , flags] =
    traceParent === undefined ? [] : (/^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceParent) ?? []);
  return `00-${trace ?? randomHex(32)}-${randomHex(16)}-${flags ?? "00"}`;
}

const poolBytes = 4_096;
let pool = "";
let poolAt = 0;

/** Taken from a pool: every invocation needs ids, and to ask for a few random bytes costs as much as to ask for many. */
function randomHex(digits: number): string {
  if (poolAt + digits > pool.length) {
    pool = randomBytes(poolBytes).toString("hex");
    poolAt = 0;
  }
  poolAt += digits;
  return pool.slice(poolAt - digits, poolAt);
}
