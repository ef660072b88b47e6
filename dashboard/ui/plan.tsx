/** A plan: what each step would do, what blocks it, and what could not be determined. */

import { useSignal } from "@preact/signals";
import type { Fixable } from "../../clients/fixes.ts";
import { endsIn, movesEnd } from "../../clients/request.ts";
import { count } from "../../src/domain/count.ts";
import type { BatchPlan } from "../../src/domain/operation/batch.ts";
import type { Estimate } from "../../src/domain/operation/estimate.ts";
import type { Difference, Plan } from "../../src/domain/operation/plan.ts";
import { lossText } from "../../src/domain/request/lossText.ts";
import { to } from "../app/router.ts";
import { Fix } from "./fix.tsx";
import { Grants } from "./grants.tsx";
import { Action } from "./status.tsx";
import { span } from "./time.tsx";
import { stepWords } from "./words.ts";

/** A step of a plan, or one that ran. */
interface PlannedStep {
  readonly name: string;
  readonly target: string;
  readonly action: string | undefined;
  readonly differences: readonly Difference[];
  readonly blockers?: readonly ErrorWithFix[];
  readonly notices?: readonly ErrorWithFix[];
}

export function PlanView({ plan }: { readonly plan: Plan }) {
  const changing = plan.steps.filter(({ action }) => action !== "none");
  return (
    <div class="plan">
      {plan.request && <Grants of={plan.request} replaces={plan.replaces} withoutLosses={plan.removes !== undefined} />}
      <p class={plan.blocked ? "verdict bad" : "verdict"}>
        {plan.operation !== undefined ? (
          <>
            Nothing to do: <a href={to.operation(plan.operation)}>an operation</a> has already done this, or is doing
            it.
          </>
        ) : plan.blocked ? (
          "Blocked: nothing would be written."
        ) : plan.steps.length === 0 ? (
          "No step would run."
        ) : changing.length > 0 ? (
          `${count(changing.length, "step")} of ${plan.steps.length} would change something.`
        ) : plan.request && movesEnd(plan.request, plan.replaces) ? (
          "This moves the end of access, and changes nothing else."
        ) : (
          `Everything matches the request: ${count(plan.steps.length, "step")} would change nothing.`
        )}
      </p>
      {plan.removes && <Removals of={plan.removes} />}
      {endsIn(plan.request ?? {}, plan.replaces).map((end) => (
        <p class="notice" key={end}>
          Access ends: {end}
        </p>
      ))}
      {plan.needsApproval.map((reason) => (
        <p class="notice waiting" key={reason}>
          Would wait for approval: {reason}
        </p>
      ))}
      {plan.notices?.map((notice) => (
        <p class="notice" key={notice}>
          {notice}
        </p>
      ))}
      {plan.estimate && <EstimateText estimate={plan.estimate} />}
      {plan.steps.length > 0 && (
        <details open={plan.blocked}>
          <summary>Step by step</summary>
          <PlanSteps steps={plan.steps} />
        </details>
      )}
    </div>
  );
}

/** What the namespace would lose: the first thing to see. */
function Removals({ of }: { readonly of: NonNullable<Plan["removes"]> }) {
  return (
    <div class="cause bad">
      <p>
        <strong>Would remove access:</strong>
      </p>
      <ul>
        {of.map((loss) => (
          <li key={`${loss.thing} ${loss.name}`}>{lossText(loss)}</li>
        ))}
      </ul>
    </div>
  );
}

export function PlanSteps({ steps }: { readonly steps: readonly PlannedStep[] }) {
  if (steps.length === 0) return null;
  return (
    <ol class="plan-steps">
      {steps.map(({ name, target, action, differences, blockers = [], notices = [] }) => (
        <li key={`${name} ${target}`} class={blockers.length > 0 ? "planned blocked" : "planned"}>
          <div class="plan-step">
            <Action of={action} />
            <span title={name}>{stepWords(name)}</span> <code class="target">{target}</code>
          </div>
          <Differences of={differences} />
          {blockers.map((blocker) => (
            <Cause key={blocker.code + blocker.message} error={blocker} />
          ))}
          {notices.map((notice) => (
            <Cause key={notice.code + notice.message} error={notice} isNotice />
          ))}
        </li>
      ))}
    </ol>
  );
}

const itemWords = {
  ready: ["create", "would run"],
  blocked: ["conflict", "stopped before its first write"],
  refused: ["conflict", "refused"],
  notPlanned: ["none", "not planned in time"],
} as const;

/** Problems come first; the rest is as it should be. */
export function BatchPlanView({ plan }: { readonly plan: BatchPlan }) {
  const { totals, items, estimate } = plan;
  const order = ["refused", "blocked", "notPlanned", "ready"];
  const sorted = items.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const most = useSignal(pageOfItems);
  const shown = sorted.slice(0, most.value);
  return (
    <div class="plan">
      <p class={totals.ready === 0 ? "verdict bad" : "verdict"}>
        {count(totals.requests, "namespace")}: {totals.ready} would run, {totals.blocked} would be stopped before the
        first write, {totals.refused} would be refused
        {totals.notPlanned > 0 && `, ${totals.notPlanned} could not be planned in time`}.
      </p>
      {estimate && <EstimateText estimate={estimate} />}
      <ul class="plan-steps">
        {shown.map(({ index, cluster, namespace, status, plan: own, error }) => (
          <li class="planned" key={index}>
            <span class={`action ${itemWords[status][0]}`}>{itemWords[status][1]}</span>{" "}
            <a href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>
            {own && <span class="muted"> {changesOf(own)}</span>}
            {own?.removes && <Removals of={own.removes} />}
            {error && <Cause error={error} />}
            {own?.steps.flatMap(({ blockers }) =>
              blockers.map((blocker) => <Cause key={blocker.code + blocker.message} error={blocker} />),
            )}
          </li>
        ))}
      </ul>
      {items.length > shown.length && (
        <p>
          <button
            type="button"
            onClick={() => {
              most.value += pageOfItems;
            }}
          >
            Show more ({(items.length - shown.length).toLocaleString()} left)
          </button>
        </p>
      )}
    </div>
  );
}

const pageOfItems = 100;

function changesOf({ steps }: Plan): string {
  const changing = steps.filter(({ action }) => action !== "none").length;
  return changing === 0 ? "nothing to do" : `${count(changing, "step")} of ${steps.length} would change something`;
}

function EstimateText({ estimate }: { readonly estimate: Pick<Estimate, "least" | "most" | "boundBy"> }) {
  const { least, most, boundBy } = estimate;
  return (
    <p class="muted">
      Would take {rangeOf(least * 1_000, most * 1_000)}. {boundBy.join(" ")}
    </p>
  );
}

function rangeOf(least: number, most: number): string {
  const [from, until] = [span(least), span(most)];
  return from === until ? `about ${from}` : `${from} to ${until}`;
}

export function Differences({ of }: { readonly of: readonly Difference[] }) {
  if (of.length === 0) return null;
  return (
    <table class="differences">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {of.map(({ field, current, desired }) => (
          <tr key={field}>
            <th scope="row">{field}</th>
            <td>{current === null ? <span class="muted">none</span> : <del>{current}</del>}</td>
            <td>{desired === null ? <span class="muted">removed</span> : <ins>{desired}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export interface ErrorWithFix extends Fixable {
  readonly code: string;
  readonly message: string;
}

/** An error or notice, and what to do about it. */
export function Cause({ error, isNotice = false }: { readonly error: ErrorWithFix; readonly isNotice?: boolean }) {
  return (
    <div class={isNotice ? "cause notice" : "cause bad"}>
      <p>
        <strong>{error.code}</strong> {error.message}
      </p>
      <p class="fix">
        <Fix of={error} />
      </p>
    </div>
  );
}
