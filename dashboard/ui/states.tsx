/** What a page shows when there is nothing to show: because it is on its way, is empty, cannot be had, or is not for the caller. */
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
            These are {what} of <Time at={resource.loadedAt.value} />: {error.message}
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
  const [title, kind] = titleOf(error, what);
  return (
    <div class={`failure ${kind}`} role="alert">
      <p class="empty-title">{title}</p>
      {kind === "offline" ? (
        <p>It is asked again by itself, and this comes when it answers.</p>
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

/** The service has refused a change of something else than was seen. */
export function isOutdated(error: unknown): error is Refused {
  return error instanceof Refused && error.status === 412;
}

export function Outdated({ error, showNow }: { readonly error: Refused; readonly showNow: () => void }) {
  return (
    <div class="failure" role="alert">
      <p class="empty-title">This has changed since you looked, and nothing was done.</p>
      <p>{error.problem.detail}</p>
      <button type="button" onClick={showNow}>
        Show what is there now
      </button>
    </div>
  );
}

/** Cause, fix, and what leads to it in the log. */
export function ProblemText({ error }: { readonly error: Error }) {
  if (!(error instanceof Refused)) return <p>{error.message}</p>;
  const { detail, fix, errors = [], traceId, code } = error.problem;
  return (
    <>
      <p>{detail}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, detail: each }) => (
            <li key={`${pointer} ${each}`}>
              <code>{pointer}</code> {each}
            </li>
          ))}
        </ul>
      )}
      <p class="fix">
        <Fix text={fix} />
      </p>
      <p class="muted">
        <code>{code}</code> · trace <code>{traceId}</code> <Copy text={traceId} what="the trace id" />
      </p>
    </>
  );
}

function titleOf(error: Error, what: string): [string, string] {
  if (error instanceof Unreachable) return ["The service does not answer.", "offline"];
  if (error instanceof Refused && error.status === 403) return [`You may not see ${what}.`, "forbidden"];
  if (error instanceof Refused && error.status === 404)
    return ["There is no such thing, or it is not yours.", "missing"];
  return [`The service could not give ${what}.`, "error"];
}
