import { randomBytes, randomUUID } from "node:crypto";
import type { InvocationInput, InvocationResult, RegisteredFunction } from "./app.ts";
import { CoreError, type CoreInvocation, programmingModel, type Registration, type Registrations } from "./core.ts";
import type { LogLevel } from "./log.ts";
import type { RetryContext } from "./retryPolicy.ts";

/** Runs hooks and handler in the order of the Node worker, with the phase told to the SDK, which warns by it. */
export async function invoke(
  app: Registrations,
  {
    definition,
    registration,
    input,
    retry,
  }: {
    definition: RegisteredFunction;
    registration: Registration;
    input: InvocationInput;
    retry?: RetryContext | undefined;
  },
): Promise<InvocationResult> {
  const model = programmingModel();
  if (model === undefined) throw new CoreError("The app has no programming model: it never required @azure/functions.");
  const core = createInvocation(app, { definition, registration, input, retry });
  const invocation = await model.getInvocationModel(core);
  const { context, inputs } = await invocation.getArguments();
  const hookData: Record<string, unknown> = {};
  const shared = { hookData, appHookData: app.appHookData, invocationContext: context };

  const before = createHookContext(shared, { inputs, functionCallback: registration.callback });
  core.state = "preInvocationHooks";
  try {
    await runHooks(app.hooks.preInvocation, before);
  } finally {
    core.state = undefined;
  }

  const after = createHookContext(shared, { inputs: before.inputs, result: null as unknown, error: null as unknown });
  core.state = "invocation";
  try {
    after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error;
  }
  core.state = "postInvocationHooks";
  try {
    await runHooks(app.hooks.postInvocation, after);
  } finally {
    core.state = undefined;
  }

  if (after.error !== null && after.error !== undefined) throw after.error;
  const response = await invocation.getResponse(context, after.result);
  return { result: after.result, returnValue: response.returnValue ?? undefined };
}

export async function runHooks(hooks: readonly ((context: object) => unknown)[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** `fixed` may be read but not replaced by a hook; what is in `open` may be replaced. */
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
  {
    definition,
    registration,
    input,
    retry,
  }: {
    definition: RegisteredFunction;
    registration: Registration;
    input: InvocationInput;
    retry: RetryContext | undefined;
  },
): CoreInvocation {
  const invocationId = input.invocationId ?? randomUUID();
  const { instanceId } = input;
  const inputs = Object.entries(input.inputs ?? {}).map(([name, data]) => ({ name, data }));
  const logs = {
    user: app.log.category(`Function.${definition.name}.User`),
    system: app.log.category(`Function.${definition.name}`),
  };
  return {
    invocationId,
    request: {
      invocationId,
      functionId: definition.functionId,
      inputData: [{ name: definition.trigger.name, data: input.trigger }, ...inputs],
      triggerMetadata: input.triggerMetadata ?? {},
      ...(retry === undefined ? {} : { retryContext: retry }),
      traceContext: {
        traceParent: input.hostSpan ?? continueTrace(input.traceParent),
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
  const [, trace, , flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceParent ?? "") ?? [];
  return `00-${trace ?? randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-${flags ?? "00"}`;
}
