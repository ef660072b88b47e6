/**
 * The module '@azure/functions-core', which a Functions host supplies and `@azure/functions` requires. No registry has it:
 * the Node worker answers `require("@azure/functions-core")` itself, and so does this host. Everything that an app registers
 * arrives here.
 */
import Module from "node:module";
import type { Binding, TypedData } from "./app.ts";
import type { Log, LogLevel } from "./log.ts";

export type Callback = (...args: unknown[]) => unknown;
type Hook = (context: object) => unknown;

export const hookNames = ["appStart", "appTerminate", "preInvocation"] as const;
export type HookName = (typeof hookNames)[number];

export type InvocationState = "preInvocationHooks" | "invocation";

/** What the SDK learns about one invocation. */
export interface CoreInvocation {
  readonly invocationId: string;
  readonly request: {
    readonly invocationId: string;
    readonly functionId: string;
    readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
    readonly triggerMetadata: Readonly<Record<string, TypedData>>;
    readonly traceContext: { readonly traceParent: string; readonly traceState: string; readonly attributes: object };
  };
  readonly metadata: FunctionMetadata;
  state: InvocationState | undefined;
  log(level: LogLevel, category: "user" | "system", message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
}

export interface InvocationResponse {
  readonly outputData?: readonly { readonly name: string; readonly data: TypedData }[] | null;
  readonly returnValue?: TypedData | null;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(core: CoreInvocation): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(
    known: Record<string, string>,
  ): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
}

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, Omit<Binding, "name">>>;
  readonly retryOptions?: unknown;
}

export interface Registration {
  readonly metadata: FunctionMetadata;
  readonly callback: Callback;
}

/** What one app registers, from the moment it begins to load. */
export interface Registrations {
  readonly functions: Map<string, Registration>;
  readonly hooks: Readonly<Record<HookName, Hook[]>>;
  /** Shared by every hook of the app. */
  readonly appHookData: Record<string, unknown>;
  /** Shared by the app-level hooks only. */
  readonly appLevelHookData: Record<string, unknown>;
  readonly log: Log;
  /** Set once the app is loaded: functions can be registered only while it starts. */
  locked: boolean;
}

/** An error that the SDK treats as the platform's own, not as the user's data. */
export class CoreError extends Error {
  readonly isAzureFunctionsSystemError = true;
}

class Disposable {
  readonly #dispose: () => void;

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  dispose(): void {
    this.#dispose();
  }
}

let current: Registrations | undefined;
// Outlives an app: the SDK is cached by Node and sets its model only once in a process.
let model: ProgrammingModel | undefined;
let isInstalled = false;

/**
 * Begins a new app: what is registered from now on belongs to it. Must run before anything requires `@azure/functions`,
 * which remembers for the whole process whether it found a host.
 */
export function beginApp(log: Log): Registrations {
  if (!isInstalled) install();
  current = {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [] },
    appHookData: {},
    appLevelHookData: {},
    log,
    locked: false,
  };
  return current;
}

export function programmingModel(): ProgrammingModel | undefined {
  return model;
}

const coreModule = {
  version: "3.11.0",
  hostVersion: "4.1040.0",
  Disposable,
  setProgrammingModel(given: ProgrammingModel): void {
    model = given;
  },
  getProgrammingModel: programmingModel,
  /** The SDK also takes the mere presence of this function as "this host can stream HTTP". */
  log(level: LogLevel, category: string, message: string): void {
    app()
      .log.category(category === "user" ? "Function.User" : "Worker")
      .write(level, message);
  },
  registerHook(name: string, hook: Hook): Disposable {
    const known = hookNames.find((each) => each === name);
    if (known === undefined) {
      // No RangeError: the SDK would make of it that the host is too old.
      throw new CoreError(`This host does not serve the hook "${name}"; start the app with Azure Functions Core Tools`);
    }
    const hooks = app().hooks[known];
    hooks.push(hook);
    return new Disposable(() => {
      const index = hooks.indexOf(hook);
      if (index >= 0) hooks.splice(index, 1);
    });
  },
  registerFunction(metadata: FunctionMetadata, callback: Callback): Disposable {
    const { functions, locked } = app();
    if (locked) throw new CoreError("A function can only be registered during app startup.");
    const id = metadata.functionId ?? metadata.name;
    if (functions.has(id)) throw new CoreError(`A function with id "${id}" has already been registered.`);
    functions.set(id, { metadata: { ...metadata, functionId: id }, callback });
    const registeredIn = app();
    return new Disposable(() => {
      if (registeredIn.locked) throw new CoreError("A function can only be disposed during app startup.");
      functions.delete(id);
    });
  },
};

function app(): Registrations {
  if (current === undefined) throw new CoreError("No function app is being loaded.");
  return current;
}

/** Every `require` of a CommonJS module goes through this method, also in packages that an ESM app imports. */
function install(): void {
  const original = Module.prototype.require;
  function requireWithCore(this: Module, id: string): unknown {
    return id === "@azure/functions-core" ? coreModule : original.call(this, id);
  }
  Module.prototype.require = Object.assign(requireWithCore, original);
  isInstalled = true;
}
