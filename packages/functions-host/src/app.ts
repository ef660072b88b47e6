/** A loaded function app as the rest of the host sees it. */

/** What the Functions protocol calls TypedData: exactly one field is set. */
export interface TypedData {
  readonly string?: string | null;
  readonly json?: string | null;
  readonly bytes?: Uint8Array | null;
  readonly int?: number | null;
  readonly double?: number | null;
  readonly http?: unknown;
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
   * Given to the handler instead of what the SDK would parse from `trigger`; the result is not serialised either. That saves
   * a long text each way where host and handler share a process.
   */
  readonly raw?: object;
  /** Values of input bindings by binding name, such as the durable client's. */
  readonly inputs?: Readonly<Record<string, TypedData>>;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  /** The orchestration that it belongs to, for the log. */
  readonly instanceId?: string;
  /** The request's, for HTTP. */
  readonly method?: string | undefined;
  /** The caller's, from the request or the message. */
  readonly traceParent?: string;
  /** The traceparent of the span that this host opened for the invocation. */
  readonly hostSpan?: string;
  /** Set by a caller that must know the id beforehand, as streamed HTTP must; otherwise a new one. */
  readonly invocationId?: string;
}

export interface InvocationResult {
  /** What the handler returned, by identity. */
  readonly result: unknown;
  /** The same as the SDK serialised it for the host; undefined for `raw` input. */
  readonly returnValue: TypedData | undefined;
}

export interface FunctionApp {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  /** Rejects with what the handler threw. */
  invoke(name: string, input: InvocationInput): Promise<InvocationResult>;
  /** Runs the app's termination hooks, and ends after `graceMs` regardless. */
  close(graceMs: number): Promise<void>;
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

/** The durable extension as the rest of the host sees it. */
export interface DurableExtension {
  /** The value of every `durableClient` input binding. */
  clientPayload(): string;
  /** Answers /runtime/webhooks/durabletask/* and the RPC endpoint; `path` is what follows that prefix or, for RPC, the key. */
  handle(call: HttpCall, path: string): Promise<HttpAnswer>;
  /** Starts running what the store holds; call it once the app is loaded and the HTTP port is known. */
  start(): void;
  /** Takes no new work, waits for what is running, and closes the store. */
  close(): Promise<void>;
}
