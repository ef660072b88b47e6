/** A request that needs a second pair of eyes: what is asked, what it would do, and what was decided. */
import { call } from "../service/client.ts";
import type { AuditRecord, Operation, Plan } from "../service/documents.ts";
import { type Resource, useResource } from "../service/resource.ts";
import { caller } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { PlanSteps, PlanView } from "../ui/plan.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";

export function Approval({
  operation,
  audit,
}: {
  readonly operation: Operation;
  readonly audit: Resource<readonly AuditRecord[]>;
}) {
  const { id, approval, phase, requestedBy } = operation;
  if (!approval) return null;
  const { decision, given = [], needed = 1 } = approval;
  return (
    <Section title="Approval">
      <ul>
        {approval.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <Facts
        of={[
          [
            "Who may",
            approval.approvers
              .map(({ role, team }) => (team === undefined ? role : `${role} in team ${team}`))
              .join(" and "),
          ],
          ["Asked", <Time key="asked" at={approval.requestedTime} />],
          ["Ends", !decision && phase === "awaitingApproval" ? <Time at={approval.expiresTime} /> : undefined],
          [
            "Approved so far",
            needed > 1
              ? `${given.length} of ${needed}${given.length > 0 ? `: ${given.map(({ by }) => by).join(", ")}` : ""}`
              : undefined,
          ],
          [
            "Decided",
            decision && (
              <>
                {words(decision.kind)}
                {decision.by !== undefined && ` by ${decision.by}`} <Time at={decision.time} />
                {decision.comment !== undefined && `: ${decision.comment}`}
              </>
            ),
          ],
        ]}
      />
      {!decision && phase === "awaitingApproval" && mayDecide(requestedBy) && (
        <>
          <h3>What would happen</h3>
          <PlanToApprove id={id} requestHash={approval.requestHash} />
        </>
      )}
      {decision?.kind === "approved" && <Approved operation={operation} audit={audit.data.value ?? []} />}
    </Section>
  );
}

/** The plan of the very operation that waits, as things are now. */
export function PlanToApprove({ id, requestHash }: { readonly id: string; readonly requestHash: string }) {
  const path = `/api/operations/${encodeURIComponent(id)}/approve?dryRun=true`;
  const resource = useResource(path, async (signal) => {
    const { body } = await call<Plan>(path, { method: "POST", body: { requestHash }, signal });
    return body;
  });
  return (
    <Loaded resource={resource} what="what would happen">
      {(plan) => <PlanView plan={plan} />}
    </Loaded>
  );
}

/** An approval is of one request, by its hash; the plan of it is carried out step by step, and each says what it changed. */
function Approved({ operation, audit }: { readonly operation: Operation; readonly audit: readonly AuditRecord[] }) {
  const steps = operation.steps.filter(({ undo }) => !undo);
  const differencesOf = ({ name, target }: { readonly name: string; readonly target: string }) =>
    audit.flatMap((entry) => (entry.what === name && entry.target === target ? entry.differences : []));
  return (
    <details>
      <summary>The plan that was approved, as far as it was carried out</summary>
      <PlanSteps
        steps={steps.map(({ name, target, action }) => ({
          name,
          target,
          action,
          differences: differencesOf({ name, target }),
        }))}
      />
      <p class="muted">
        Approved was the request with the hash <code>{operation.approval?.requestHash}</code>, and no other.
      </p>
    </details>
  );
}

function mayDecide(requestedBy: string): boolean {
  return (caller.value?.roles ?? []).includes("Onboarding.Approve") && caller.value?.id !== requestedBy;
}

/** Nobody approves what he has asked for himself; the service would say so, too. */
export function ApproveButtons({
  id,
  requestHash,
  requestedBy,
  etag,
  reload,
  done,
}: {
  readonly id: string;
  readonly requestHash: string;
  readonly requestedBy: string;
  /** Of the operation as it was seen. */
  readonly etag: string;
  readonly reload: () => void;
  readonly done: () => void;
}) {
  if (!(caller.value?.roles ?? []).includes("Onboarding.Approve")) return null;
  if (caller.value?.id === requestedBy) return <span class="muted">Another person has to approve it.</span>;
  const address = `/api/operations/${encodeURIComponent(id)}`;
  return (
    <>
      <button
        type="button"
        class="primary"
        onClick={() =>
          ask({
            title: "Approve this request?",
            verb: "Approve",
            path: `${address}/approve`,
            body: { requestHash },
            ifMatch: etag,
            reload,
            takesComment: true,
            done,
          })
        }
      >
        Approve …
      </button>
      <button
        type="button"
        onClick={() =>
          ask({
            title: "Reject this request?",
            verb: "Reject",
            path: `${address}/reject`,
            body: { requestHash },
            ifMatch: etag,
            reload,
            takesComment: true,
            isGrave: true,
            done,
          })
        }
      >
        Reject …
      </button>
    </>
  );
}
