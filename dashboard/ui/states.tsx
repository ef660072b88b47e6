/** What a page shows instead of data that is loading, empty, unavailable or forbidden. */
import type { ComponentChildren } from "preact";
import { Refused, Unreachable } from "../service/client.ts";
import type { Resource } from "../service/resource.ts";
import { Copy } from "./copy.tsx";
import { Fix } from "./fix.tsx";
import { Time } from "./time.tsx";

export function Loaded<T>({
  resource,
  what,
  children,
}: {
  readonly resource: Resource<T>;
  /** In a sentence: "Loading the operations …". */
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}) {
  const data = resource.data.value;
  const error = resource.error.value;
  if (data === undefined) {
    return error ? <Failure error={error} what={what} again={resource.reload} /> : <Loading what={what} />;
  }
  return (
    <>
      {error && (
        <div class="notice stale" role="status">
          <p>
            Showing {what} as of <Time at={resource.loadedAt.value} />. {error.message}
          </p>
          <button type="button" onClick={resource.reload}>
            Try again
          </button>
        </div>
      )}
      {children(data)}
    </>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="loading" role="status">
      <p>Loading {what} …</p>
      <div aria-hidden="true" class="bars">
        <span />
        <span />
        <span />
      </div>
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Failure({
  error,
  what,
  again,
}: {
  readonly error: Error;
  readonly what: string;
  readonly again?: () => void;
}) {
  const [title, kind] = titleOfFailure(error, what);
  return (
    <div class={`failure ${kind}`} role="alert">
      <p class="empty-title">{title}</p>
      {kind === "offline" ? (
        <p>Retrying automatically. This appears as soon as the service responds.</p>
      ) : (
        <ProblemText error={error} />
      )}
      {again && kind !== "forbidden" && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Whether the service refused because the target has changed since the person saw it. */
export function isOutdated(error: unknown): error is Refused {
  return error instanceof Refused && error.status === 412;
}

export function Outdated({ error, showNow }: { readonly error: Refused; readonly showNow: () => void }) {
  return (
    <div class="failure" role="alert">
      <p class="empty-title">This has changed since you looked; nothing was done.</p>
      <p>{error.problem.detail}</p>
      <button type="button" onClick={showNow}>
        Show the current state
      </button>
    </div>
  );
}

export const sendAgainText =
  "You can safely send it again: the idempotency key stays the same, so nothing happens twice.";

/** Cause, fix, and the trace id to find it in the logs. */
export function ProblemText({
  error,
  titleOf,
}: {
  readonly error: Error;
  /** Of a form's field, by JSON pointer. */
  readonly titleOf?: (pointer: string) => string | undefined;
}) {
  if (!(error instanceof Refused)) return <p>{error.message}</p>;
  const { detail, errors = [], traceId, code } = error.problem;
  return (
    <>
      {(errors.length === 0 || titleOf === undefined) && <p>{detail}</p>}
      {errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, detail: each }) => (
            <li key={`${pointer} ${each}`}>
              {titleOf?.(pointer) ?? <code>{pointer}</code>}: {each}
            </li>
          ))}
        </ul>
      )}
      <p class="fix">
        <Fix of={error.problem} />
      </p>
      <p class="muted">
        <code>{code}</code> · trace <code>{traceId}</code> <Copy text={traceId} what="the trace id" />
      </p>
    </>
  );
}

function titleOfFailure(error: Error, what: string): [string, string] {
  if (error instanceof Unreachable) return ["The service is not responding.", "offline"];
  if (error instanceof Refused && error.status === 403) return [`You may not see ${what}.`, "forbidden"];
  if (error instanceof Refused && error.status === 404)
    return ["This does not exist, or you may not see it.", "missing"];
  return [`Could not load ${what}.`, "error"];
}
