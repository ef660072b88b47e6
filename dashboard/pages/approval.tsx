/** A request that needs a second pair of eyes: why, what it would do, and the decision. */

import type { OperationDocument as Operation } from "../../src/domain/documents/operation.ts";
import { addressOf } from "../service/address.ts";
import { plan } from "../service/client.ts";
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
            "Approvers",
            approval.approvers
              .map(({ role, team }) => (team === undefined ? role : `${role} in team ${team}`))
              .join(" and "),
          ],
          ["Requested", <Time key="asked" at={approval.requestedTime} />],
          ["Expires", !decision && phase === "awaitingApproval" ? <Time at={approval.expiresTime} /> : undefined],
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

/** The current plan of the waiting operation. */
export function PlanToApprove({ id, requestHash }: { readonly id: string; readonly requestHash: string }) {
  const call = { route: "POST /api/operations/{id}/approve", at: { id } } as const;
  const resource = useResource(addressOf(call), (signal) => plan(call, { body: { requestHash }, signal }));
  return (
    <Loaded resource={resource} what="the plan">
      {(found) => <PlanView plan={found} />}
    </Loaded>
  );
}

function mayDecide(requestedBy: string): boolean {
  return (caller.value?.roles ?? []).includes("Onboarding.Approve") && caller.value?.id !== requestedBy;
}

/** Hidden from the person who made the request, who may not approve it; the service enforces that, too. */
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
  /** The ETag of the operation that the person saw. */
  readonly etag: string;
  readonly reload: () => void;
  readonly done: () => void;
}) {
  if (!(caller.value?.roles ?? []).includes("Onboarding.Approve")) return null;
  if (caller.value?.id === requestedBy) return <span class="muted">Another person must approve this.</span>;
  return (
    <>
      <button
        type="button"
        class="primary"
        onClick={() =>
          ask({
            title: "Approve this request?",
            verb: "Approve",
            call: { route: "POST /api/operations/{id}/approve", at: { id } },
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
            call: { route: "POST /api/operations/{id}/reject", at: { id } },
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
