/** A request that needs a second pair of eyes: what is asked, what it would do, and what was decided. */
import { call } from "../service/client.ts";
import type { Operation, Plan } from "../service/documents.ts";
import { useResource } from "../service/resource.ts";
import { caller } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { PlanSteps, PlanView } from "../ui/plan.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";

export function Approval({ operation }: { readonly operation: Operation }) {
  const { id, approval, phase, plan, requestedBy } = operation;
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
      {decision?.kind === "approved" && plan && (
        <details>
          <summary>The plan that was approved</summary>
          <PlanSteps steps={plan} />
          <p class="muted">
            This is what the operation found when it asked for approval. The approval is for the request with the hash{" "}
            <code>{approval.requestHash}</code>.
          </p>
        </details>
      )}
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
