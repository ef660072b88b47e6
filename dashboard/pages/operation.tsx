/** One operation, of a namespace or of a batch, from the request to the result. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { hasEnded, isSameStep, waitedMs } from "../../clients/operations.ts";
import { toParameters } from "../../clients/request.ts";
import type { AuditPage, AuditDocument as AuditRecord } from "../../src/domain/documents/audit.ts";
import type { BatchDocument as Batch } from "../../src/domain/documents/batch.ts";
import type { AnyOperationDocument, OperationDocument as Operation } from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { navigate, to } from "../app/router.ts";
import { addressOf, nextOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { observe } from "../service/live.ts";
import { useResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { announce } from "../ui/announcer.tsx";
import { ask } from "../ui/change.tsx";
import { Block, Id } from "../ui/copy.tsx";
import { Facts, Page, Section } from "../ui/page.tsx";
import { Cause } from "../ui/plan.tsx";
import { Loaded } from "../ui/states.tsx";
import { isPhaseInStatus, Status } from "../ui/status.tsx";
import { Duration, Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";
import { Approval, ApproveButtons } from "./approval.tsx";
import { BatchView } from "./batch.tsx";
import { RequestView } from "./request.tsx";
import { Timeline, Trace } from "./timeline.tsx";

export function OperationPage({ id }: { readonly id: string }) {
  const address = addressOf({ route: "GET /api/operations/{id}", at: { id } });
  const resource = useResource(address, (signal) => get(address, signal));
  const { data } = resource;
  useEffect(
    () =>
      observe(({ event, data: change }) => {
        if (event === "end") {
          announce(`The operation has ended: ${(change as { status: string }).status}`);
          resource.reload();
        } else resource.amend((current) => amend(current, event, change));
      }),
    [resource],
  );
  const what = "the operation";
  if (data.value === undefined) {
    return (
      <Page title="Operation" crumbs={<a href={to.operations()}>Operations</a>}>
        <Loaded resource={resource} what={what}>
          {() => null}
        </Loaded>
      </Page>
    );
  }
  return (
    <Loaded resource={resource} what={what}>
      {(document) =>
        document.kind === "batch" ? (
          <BatchView batch={document as Batch} reload={resource.reload} />
        ) : (
          <OperationView operation={document as Operation} reload={resource.reload} />
        )
      }
    </Loaded>
  );
}

/** Applies an event if it is about this operation. */
function amend(current: AnyOperationDocument, event: string, change: unknown): AnyOperationDocument {
  if (event === "operation" && (change as { id: string }).id === current.id) {
    return { ...current, ...(change as object) } as AnyOperationDocument;
  }
  if (event !== "step" || current.kind === "batch") return current;
  const { operation: of, cluster: _cluster, namespace: _namespace, ...step } = change as StepChange;
  if (of !== current.id) return current;
  const { steps } = current as Operation;
  const isKnown = steps.some((each) => isSameStep(each, step));
  // Planned steps are in the list from the beginning, so a new one is an undo.
  const next = isKnown
    ? steps.map((each) => (isSameStep(each, step) ? { ...step, ...(each.undo ? { undo: true as const } : {}) } : each))
    : [...steps, { ...step, undo: true as const }];
  return { ...current, steps: next } as AnyOperationDocument;
}

type StepChange = Operation["steps"][number] & { operation: string; cluster: string; namespace: string };

function OperationView({ operation, reload }: { readonly operation: Operation; readonly reload: () => void }) {
  const {
    id,
    kind,
    status,
    phase,
    cluster,
    namespace,
    error,
    leftUndone = [],
    leftInPlace = [],
    result,
    traceId,
    batch,
    compensates,
  } = operation;
  const audit = useResource(`audit ${id}`, (signal) => readAudit(id, signal));
  useEffect(() => {
    if (audit.data.peek() !== undefined) audit.reload();
  }, [status]);
  return (
    <Page
      title={`${words(kind)} ${cluster}/${namespace}`}
      crumbs={
        <>
          <a href={to.operations()}>Operations</a> /{" "}
          <a href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>
        </>
      }
      actions={<Decisions operation={operation} reload={reload} />}
    >
      <div class="summary">
        <Status of={status} phase={phase} />
        {status === "Running" && !isPhaseInStatus(phase) && <span class="muted">{words(phase)}</span>}
        <span>
          requested <Time at={operation.createdTime} /> by {operation.requestedBy}
          {operation.team !== undefined && ` for team ${operation.team}`}
        </span>
        <span>
          {operation.endTime === undefined ? "so far" : "took"}{" "}
          <Duration
            from={operation.startTime ?? operation.createdTime}
            until={operation.endTime}
            withoutMs={waitedMs(operation)}
          />
        </span>
      </div>
      {error && <Cause error={error} />}
      {error && hasEnded(operation) && <Undone steps={operation.steps} />}
      <Left undone={leftUndone} inPlace={leftInPlace} />
      {!hasEnded(operation) && operation.stillToUndo && <StillToUndo waiting={operation.stillToUndo} />}
      <Approval operation={operation} />
      {result && <Result result={result} />}
      <Section title="Timeline">
        <Timeline operation={operation} audit={audit} />
      </Section>
      <Section title="Request">
        <RequestView request={operation.request} replaces={operation.replaces} />
      </Section>
      <Section title="Related">
        <Facts
          of={[
            ["Operation", <Id key="id" of={id} what="the id of the operation" />],
            ["Namespace", <a key="namespace" href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>],
            ["Batch", batch && <a href={to.operation(batch)}>the batch it belongs to</a>],
            [
              "Compensates",
              compensates && <a href={to.operation(compensates)}>the operation whose undos it runs again</a>,
            ],
            [
              "Audit",
              <a key="audit" href={to.audit({ operation: id })}>
                entries in the audit trail
              </a>,
            ],
            ["Trace", traceId && <Trace id={traceId} />],
            [
              "Repeat",
              <a key="again" href={to.newRequest(toParameters(operation.request))}>
                a new request with the same fields
              </a>,
            ],
          ]}
        />
      </Section>
    </Page>
  );
}

/** Of an operation that failed: how much of what it had done is gone again. */
function Undone({ steps }: { readonly steps: Operation["steps"] }) {
  const undos = steps.filter(({ undo }) => undo);
  const done = undos.filter(({ status }) => status === "Succeeded").length;
  if (undos.length === 0) return null;
  return (
    <p class="muted">
      {done === undos.length ? "Everything that it had done was undone" : "Not everything was undone"} ({done} of{" "}
      {undos.length}).
    </p>
  );
}

interface LeftProps {
  readonly undone: NonNullable<Operation["leftUndone"]>;
  readonly inPlace: NonNullable<Operation["leftInPlace"]>;
}

function Left({ undone, inPlace }: LeftProps) {
  return (
    <>
      {undone.length > 0 && (
        <div class="cause bad">
          <p>
            <strong>Left undone:</strong> {undone.map(stepInWords).join(", ")}
          </p>
          <p class="fix">Compensate runs these undos again, and only these.</p>
        </div>
      )}
      {inPlace.length > 0 && (
        <div class="cause">
          <p>
            <strong>Left in place:</strong>
          </p>
          <ul>
            {inPlace.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** What its undos still have to take away. Those that fail go on for a day, unless an operator ends that. */
function StillToUndo({ waiting }: { readonly waiting: NonNullable<Operation["stillToUndo"]> }) {
  const { undos, since, error } = waiting;
  return (
    <>
      <div class={error ? "cause bad" : "cause notice"}>
        <p>
          <strong>Still to undo:</strong> {undos.map(stepInWords).join(", ")}, waiting since <Time at={since} />
        </p>
        <p class="fix">
          {error
            ? "Mooring retries at growing intervals. An operator can cancel the wait; what is left is then named, and can be compensated."
            : "A write may still take effect, so the undos look again. Nothing is to be done."}
        </p>
      </div>
      {error && <Cause error={error} />}
    </>
  );
}

/** Reads all entries of the operation, which may fill several pages. */
async function readAudit(id: string, signal: AbortSignal): Promise<readonly AuditRecord[]> {
  const entries: AuditRecord[] = [];
  const first = addressOf({ route: "GET /api/audit", query: { operation: id, top: "200" } });
  for (let next: typeof first | undefined = first; next !== undefined; ) {
    const page: AuditPage = await get(next, signal);
    entries.push(...page.value);
    next = nextOf("GET /api/audit", page);
  }
  return entries;
}

function Result({ result }: { readonly result: NonNullable<Operation["result"]> }) {
  const { clientId, manifest, migration } = result;
  return (
    <Section title="Result">
      <Facts
        of={[
          ["Client id", <Id key="id" of={clientId} what="the client id" />],
          [
            "Migration",
            migration &&
              (migration.completed === undefined
                ? "no phase is complete yet"
                : `complete up to ${words(migration.completed)}`),
          ],
          ["Pods to move", migration && migration.podsToMove.length > 0 ? migration.podsToMove.join(", ") : undefined],
        ]}
      />
      <p>Add this to your Deployment:</p>
      <Block text={manifest} what="the manifest" />
    </Section>
  );
}

function Decisions({ operation, reload }: { readonly operation: Operation; readonly reload: () => void }) {
  const { id, status, phase, approval, leftUndone = [], cancel, etag } = operation;
  const isSent = useSignal(false);
  // Its undos go on without an end in sight: an operator may end that, also of an operation that was canceled.
  const isWaitingInVain = operation.stillToUndo?.error !== undefined;
  const done = (text: string) => () => {
    isSent.value = true;
    announce(text);
    reload();
  };
  return (
    <>
      {phase === "awaitingApproval" && approval && (
        <ApproveButtons of={{ ...operation, approval }} reload={reload} done={done("Decided")} />
      )}
      {!hasEnded(operation) &&
        (isWaitingInVain ? isIn("Onboarding.Operate") : isIn("Onboarding.Request") && !cancel) && (
          <button
            type="button"
            onClick={() =>
              ask({
                title: isWaitingInVain ? "Give up what is still to undo?" : "Cancel this operation?",
                verb: isWaitingInVain ? "End the waiting" : "Cancel the operation",
                call: { route: "POST /api/operations/{id}/cancel", at: { id } },
                ifMatch: etag,
                reload,
                takesComment: true,
                isGrave: true,
                done: done("Cancellation recorded"),
              })
            }
          >
            {isWaitingInVain ? "End the waiting …" : "Cancel …"}
          </button>
        )}
      {cancel && !hasEnded(operation) && <span class="muted">Cancellation requested by {cancel.by}.</span>}
      {hasEnded({ status }) && leftUndone.length > 0 && isIn("Onboarding.Request") && (
        <button
          type="button"
          class="primary"
          onClick={() =>
            ask({
              title: "Run the failed undos again?",
              verb: "Compensate",
              call: { route: "POST /api/operations/{id}/compensate", at: { id } },
              ifMatch: etag,
              reload,
              done: ({ id: next }) => navigate(to.operation(next)),
            })
          }
        >
          Compensate …
        </button>
      )}
    </>
  );
}
