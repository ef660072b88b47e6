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
import type { Log, LogLevel } from "./log.ts";
import type { RetryContext } from "./retryPolicy.ts";

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
  retry?: RetryContext,
): Promise<InvocationResult> {
  const { registration } = called;
  const model = programmingModel();
  if (model === undefined) throw new CoreError("The app has no programming model: it never required @azure/functions.");
  const core = createInvocation(app, called, input, retry);
  const invocation = await model.getInvocationModel(core);
  const { context, inputs: given } = await invocation.getArguments();
  const inputs = input.raw === undefined ? given : [input.raw];
  const work: Work = { inputs, functionCallback: registration.callback };
  const run = (before: Work) => {
    core.state = "invocation";
    return invocation.invokeFunction(context, before.inputs, before.functionCallback);
  };
  const { preInvocation, postInvocation } = app.hooks;
  let result: unknown = null;
  if (preInvocation.length === 0 && postInvocation.length === 0) {
    try {
      result = await run(work);
    } catch (error) {
      if (isFailure(error)) throw error;
    } finally {
      core.state = undefined;
    }
  } else result = await runBetweenHooks(app, { core, context, work, run });
  if (input.raw !== undefined) return { result, returnValue: undefined };
  const response = await invocation.getResponse(context, result);
  return { result, returnValue: response.returnValue ?? undefined };
}

interface Work {
  inputs: unknown[];
  functionCallback: Callback;
}

interface Hooked {
  readonly core: CoreInvocation;
  readonly context: object;
  readonly work: Work;
  readonly run: (work: Work) => Promise<unknown>;
}

/** Apart from the invocation without hooks, which every turn and activity of most apps is, and which makes nothing for them. */
async function runBetweenHooks(app: Registrations, { core, context, work, run }: Hooked): Promise<unknown> {
  const { preInvocation, postInvocation } = app.hooks;
  const shared = { hookData: {}, appHookData: app.appHookData, invocationContext: context };
  const before = createHookContext(shared, work);
  core.state = "preInvocationHooks";
  try {
    await runHooks(preInvocation, before);
  } finally {
    core.state = undefined;
  }
  const after = createHookContext(shared, {
    inputs: before.inputs,
    result: null as unknown,
    error: null as unknown,
  });
  try {
    after.result = await run(before);
  } catch (error) {
    after.error = error;
  }
  core.state = "postInvocationHooks";
  try {
    await runHooks(postInvocation, after);
  } finally {
    core.state = undefined;
  }
  if (isFailure(after.error)) throw after.error;
  return after.result;
}

/** To the worker, whoever throws null or undefined returns nothing. */
function isFailure(error: unknown): boolean {
  return error !== null && error !== undefined;
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
  app: Registrations,
  { definition, registration, logs }: Invocable,
  input: InvocationInput & { readonly invocationId: string },
  retry: RetryContext | undefined,
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
      ...(retry === undefined ? {} : { retryContext: retry }),
      traceContext: {
        traceParent: hostSpan ?? continueTrace(traceParent),
        traceState: "",
        attributes: {},
      },
    },
    metadata: registration.metadata,
    state: undefined,
    log(level, category, message) {
      const entry = passLogHooks(app, { level, message, category });
      logs[category].write(entry.level, entry.message, { invocationId, instanceId });
    },
  };
}

/** Log hooks may change level and text; they cannot wait, because logging cannot. */
function passLogHooks(app: Registrations, entry: { level: LogLevel; message: string; category: string }) {
  if (app.hooks.log.length === 0) return entry;
  const context = createHookContext(
    { hookData: {}, appHookData: app.appHookData, category: entry.category },
    { level: entry.level, message: entry.message },
  );
  for (const hook of app.hooks.log) hook(context);
  return context;
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
