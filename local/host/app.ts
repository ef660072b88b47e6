/** A loaded function app as the rest of the host sees it. */

/** What the Functions protocol calls TypedData: exactly one field is set. */
export interface TypedData {
  readonly string?: string | null;
  readonly json?: string | null;
  readonly bytes?: Uint8Array | null;
  readonly int?: number | null;
  readonly double?: number | null;
  readonly http?: unknown;
  readonly collectionString?: { readonly string: readonly string[] } | null;
  readonly collectionBytes?: { readonly bytes: readonly Uint8Array[] } | null;
}

export interface Binding {
  readonly name: string;
  readonly type: string;
  readonly direction: "in" | "out" | "inout";
  readonly [setting: string]: unknown;
}

export interface RegisteredFunction {
  readonly name: string;
  readonly functionId: string;
  /** The binding whose type ends in `Trigger`. */
  readonly trigger: Binding;
  readonly bindings: readonly Binding[];
}

export interface InvocationInput {
  readonly trigger: TypedData;
  /**
   * What the handler is given in place of what the SDK would read out of `trigger`; its result is not written out, either.
   * Spares a long text each way where host and handler are in one process.
   */
  readonly raw?: object;
  /** Values of input bindings by binding name, such as the durable client's. */
  readonly inputs?: Readonly<Record<string, TypedData>>;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  /** Of the orchestration or the entity that it belongs to, for the log. */
  readonly instanceId?: string;
  /** Of a request. */
  readonly method?: string | undefined;
  /** The caller's, which came with the request or the message. */
  readonly traceParent?: string;
  /** Of the span that this host has opened for the invocation. */
  readonly hostSpan?: string;
  /** Chosen by the caller when it must know the id beforehand, as streamed HTTP does; else a new one. */
  readonly invocationId?: string;
}

export interface InvocationResult {
  /** What the handler returned, by identity, after the post-invocation hooks. */
  readonly result: unknown;
  /** The same as the SDK serialised it for the host; not of an input that is `raw`. */
  readonly returnValue: TypedData | undefined;
}

export interface FunctionApp {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  /** Rejects with whatever the handler threw. */
  invoke(name: string, input: InvocationInput): Promise<InvocationResult>;
  /** Runs the app's termination hooks. */
  close(): Promise<void>;
}

export interface HttpCall {
  readonly method: string;
  /** Absolute. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The durable extension as the host's shell sees it. */
export interface DurableExtension {
  /** The value of every `durableClient` input binding. */
  clientPayload(): string;
  /** Answers /runtime/webhooks/durabletask/* and the RPC endpoint; `path` is what follows that prefix, and the key of RPC. */
  handle(call: HttpCall, path: string): Promise<HttpAnswer>;
  /** Begins to run what the store holds; call once the app is loaded and the HTTP port is known. */
  start(): void;
  /** Stops taking up work, waits for what runs, and closes the store. */
  close(): Promise<void>;
}
