/** The steps of an operation on a timeline: attempts, waits, and undos in the order in which they ran. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { hasEnded } from "../../clients/operations.ts";
import type { AuditDocument as AuditRecord } from "../../src/domain/documents/audit.ts";
import type { OperationDocument as Operation } from "../../src/domain/documents/operation.ts";
import { query, to } from "../app/router.ts";
import type { Resource } from "../service/resource.ts";
import { settings } from "../service/settings.ts";
import { Copy } from "../ui/copy.tsx";
import { Facts } from "../ui/page.tsx";
import { Cause, Differences } from "../ui/plan.tsx";
import { Action, Status } from "../ui/status.tsx";
import { Duration, now, span, Time } from "../ui/time.tsx";
import { stepWords } from "../ui/words.ts";
import { createScale, type Scale } from "./scale.ts";

type Step = Operation["steps"][number];

interface Props {
  readonly operation: Operation;
  /** The audit trail holds the differences of each step. */
  readonly audit: Resource<readonly AuditRecord[]>;
}

export function Timeline({ operation, audit }: Props) {
  const isOver = operation.endTime !== undefined;
  // The timeline of an ended operation stands still.
  const until = useComputed(() => (isOver ? Date.parse(operation.endTime ?? "") : now.value));
  const created = Date.parse(operation.createdTime);
  const wait = waitOf(operation, until.value);
  const scale = createScale({ from: created, until: until.value }, wait);
  const start = operation.startTime === undefined ? until.value : Date.parse(operation.startTime);
  return (
    <div class="timeline">
      <Axis scale={scale} from={created} until={until.value} />
      <ol>
        {start - created > 1_000 && <Wait title="Waiting to start" from={created} until={start} scale={scale} />}
        {wait && (
          <Wait
            title="Waiting for approval"
            from={wait.from}
            until={wait.until}
            scale={scale}
            note={scale.shortened ? "not to scale" : undefined}
          />
        )}
        {operation.steps.map((step) => (
          <StepRow
            key={`${step.name} ${step.target}`}
            step={step}
            scale={scale}
            until={until.value}
            isUndo={step.undo === true || operation.kind === "compensate"}
            operation={operation}
            audit={audit}
          />
        ))}
      </ol>
    </div>
  );
}

function waitOf({ approval, endTime }: Operation, until: number) {
  if (!approval) return undefined;
  const from = Date.parse(approval.requestedTime);
  const decided = Date.parse(approval.decision?.time ?? endTime ?? "");
  return { from, until: Number.isNaN(decided) ? until : decided };
}

function Axis({ scale, from, until }: { readonly scale: Scale; readonly from: number; readonly until: number }) {
  return (
    <div class="axis" aria-hidden="true">
      <span>0 s</span>
      {!scale.shortened && <span>{span((until - from) / 2)}</span>}
      <span>{span(until - from)}</span>
    </div>
  );
}

function Wait({
  title,
  from,
  until,
  scale,
  note,
}: {
  readonly title: string;
  readonly from: number;
  readonly until: number;
  readonly scale: Scale;
  readonly note?: string | undefined;
}) {
  return (
    <li class="step wait">
      <div class="step-line">
        <span class="step-name">
          <span aria-hidden="true" class="sign">
            ◷
          </span>
          <span>
            {title}
            {note !== undefined && <span class="muted"> ({note})</span>}
          </span>
        </span>
        <Bar kind="wait" from={from} until={until} scale={scale} />
        <span class="step-took number">{span(until - from)}</span>
      </div>
    </li>
  );
}

function Bar({
  kind,
  from,
  until,
  scale,
}: {
  readonly kind: string;
  readonly from: number;
  readonly until: number;
  readonly scale: Scale;
}) {
  const left = scale.at(from);
  return (
    <span class="track" aria-hidden="true">
      <span class={`bar ${kind}`} style={{ left: `${left}%`, width: `${Math.max(0, scale.at(until) - left)}%` }} />
    </span>
  );
}

function StepRow({
  step,
  scale,
  until,
  isUndo,
  operation,
  audit,
}: Props & { readonly step: Step; readonly scale: Scale; readonly until: number; readonly isUndo: boolean }) {
  const own = `${step.name}:${step.target}`;
  const isLinked = useMemo(() => query.peek().get("step") === own, [own]);
  const isOpen = useSignal(step.status === "Failed" || isLinked);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isLinked) row.current?.scrollIntoView({ block: "center" });
  }, [isLinked]);
  const { name, target, status, attempts, startTime, endTime, nextRetryTime, error } = step;
  const start = Date.parse(startTime ?? "");
  const isOver = hasEnded({ status });
  const isWaiting = status === "Running" && nextRetryTime !== undefined;
  return (
    <li class={`step ${status} ${isUndo ? "undo" : ""} ${isLinked ? "linked" : ""}`} ref={row}>
      <details
        open={isOpen.value}
        onToggle={(event) => {
          isOpen.value = event.currentTarget.open;
        }}
      >
        <summary class="step-line" data-row>
          <span class="step-name">
            <span>
              <Status of={status} />
            </span>
            <span>
              <span title={name}>
                {isUndo && <span class="undo-mark">undo </span>}
                {stepWords(name)}
              </span>{" "}
              <code class="target">{target}</code>
              {attempts > 1 && <span class="tries">{attempts} attempts</span>}
              {isWaiting && (
                <span class="tries">
                  next attempt <Time at={nextRetryTime} />
                </span>
              )}
            </span>
          </span>
          {Number.isNaN(start) ? (
            <span class="track" aria-hidden="true" />
          ) : (
            <Bar
              kind={`${status} ${isUndo ? "undo" : ""} ${isWaiting ? "waiting" : ""} ${attempts > 1 ? "retried" : ""}`}
              from={start}
              until={isOver ? Date.parse(endTime ?? "") : until}
              scale={scale}
            />
          )}
          <span class="step-took">
            <Duration from={startTime} until={isOver ? endTime : undefined} />
          </span>
        </summary>
        {isOpen.value && (
          <div class="step-body">
            {error && <Cause error={error} isNotice={status !== "Failed"} />}
            {step.notices?.map((notice) => (
              <Cause key={notice.code + notice.message} error={notice} isNotice />
            ))}
            <Facts
              of={[
                ["Action", <Action key="action" of={step.action} />],
                ["Started", startTime && <Time at={startTime} />],
                ["Ended", endTime && <Time at={endTime} />],
                ["Attempts", attempts > 0 ? attempts : undefined],
                ["Next attempt", nextRetryTime && <Time at={nextRetryTime} />],
                [
                  "Audit",
                  <a key="audit" href={to.audit({ operation: operation.id, what: name })}>
                    entries of this step
                  </a>,
                ],
                ["Trace", operation.traceId && <Trace key="trace" id={operation.traceId} />],
                [
                  "Link",
                  <Copy
                    key="address"
                    text={`${location.origin}${to.step(operation.id, own)}`}
                    what="the link to this step"
                    label="Copy the link to this step"
                  />,
                ],
              ]}
            />
            <StepDifferences step={step} audit={audit} />
          </div>
        )}
      </details>
    </li>
  );
}

function StepDifferences({ step, audit }: { readonly step: Step; readonly audit: Resource<readonly AuditRecord[]> }) {
  const entries = (audit.data.value ?? []).filter(({ what, target }) => what === step.name && target === step.target);
  const differences = entries.flatMap((entry) => entry.differences);
  if (differences.length > 0) return <Differences of={differences} />;
  if (audit.isLoading.value) return <p class="muted">Looking up what it changed …</p>;
  if (audit.error.value) return <p class="muted">Could not look up what it changed: {audit.error.value.message}</p>;
  return (
    <p class="muted">
      {entries.length > 0
        ? "Its audit entry lists no differences."
        : "It has no audit entry, so it has not changed anything yet."}
    </p>
  );
}

export function Trace({ id }: { readonly id: string }) {
  const { traceUrl } = settings;
  return (
    <span class="id">
      {traceUrl === undefined ? (
        <code title={id}>{id}</code>
      ) : (
        <a href={traceUrl.replace("{traceId}", encodeURIComponent(id))} target="_blank" rel="noreferrer">
          <code>{id}</code>
        </a>
      )}
      <Copy text={id} what="the trace id" />
    </span>
  );
}
