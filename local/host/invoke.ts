import { randomUUID } from "node:crypto";
import type { InvocationInput, InvocationResult, RegisteredFunction } from "./app.ts";
import { CoreError, type CoreInvocation, programmingModel, type Registration, type Registrations } from "./core.ts";
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
  { registration, ...rest }: Invocable,
  input: InvocationInput & { readonly invocationId: string },
  retry?: RetryContext,
): Promise<InvocationResult> {
  const model = programmingModel();
  if (model === undefined) throw new CoreError("The app has no programming model: it never required @azure/functions.");
  const core = createInvocation(app, { registration, ...rest }, input, retry);
  const invocation = await model.getInvocationModel(core);
  const { context, inputs: given } = await invocation.getArguments();
  const hookData: Record<string, unknown> = {};
  const shared = { hookData, appHookData: app.appHookData, invocationContext: context };

  const { preInvocation, postInvocation } = app.hooks;
  const inputs = input.raw === undefined ? given : [input.raw];
  const before = contextFor(preInvocation, shared, { inputs, functionCallback: registration.callback });
  core.state = "preInvocationHooks";
  try {
    await runHooks(preInvocation, before);
  } finally {
    core.state = undefined;
  }

  const after = contextFor(postInvocation, shared, {
    inputs: before.inputs,
    result: null as unknown,
    error: null as unknown,
  });
  core.state = "invocation";
  try {
    after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error;
  }
  core.state = "postInvocationHooks";
  try {
    await runHooks(postInvocation, after);
  } finally {
    core.state = undefined;
  }

  if (after.error !== null && after.error !== undefined) throw after.error;
  if (input.raw !== undefined) return { result: after.result, returnValue: undefined };
  const response = await invocation.getResponse(context, after.result);
  return { result: after.result, returnValue: response.returnValue ?? undefined };
}

export async function runHooks(hooks: readonly ((context: object) => unknown)[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** Most apps have no hooks, and need no context for them. */
function contextFor<T extends object>(hooks: readonly unknown[], fixed: object, open: T): T {
  return hooks.length === 0 ? open : createHookContext(fixed, open);
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
  // Random enough for these ids, and cheap: Node generates UUIDs in advance.
  const random = randomUUID().replaceAll("-", "");
  return `00-${trace ?? random}-${randomUUID().slice(19).replaceAll("-", "")}-${flags ?? "00"}`;
}
