/** A request that needs a second pair of eyes: why, what it would do, and the decision. */

import { mayDecide } from "../../clients/deciding.ts";
import type { OperationDocument as Operation } from "../../src/domain/documents/operation.ts";
import { addressOf } from "../service/address.ts";
import type { Awaiting } from "../service/awaiting.ts";
import { plan } from "../service/client.ts";
import { useResource } from "../service/resource.ts";
import { caller } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Ends, Grants } from "../ui/grants.tsx";
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
      <Reasons of={approval} />
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
      {!decision && phase === "awaitingApproval" && caller.value && mayDecide(caller.value, requestedBy) && (
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

/** Why it takes a second person, and what that person should know. */
export function Reasons({
  of: { reasons, notices = [] },
}: {
  readonly of: Pick<Waiting["approval"], "reasons" | "notices">;
}) {
  return (
    <ul>
      {[...reasons, ...notices].map((each) => (
        <li key={each}>{each}</li>
      ))}
    </ul>
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

/** What its buttons know of a waiting operation. */
type Waiting = Pick<Awaiting, "id" | "kind" | "cluster" | "namespace" | "requestedBy" | "team" | "request" | "etag"> & {
  readonly replaces?: Awaiting["replaces"] | undefined;
  readonly approval: Pick<NonNullable<Operation["approval"]>, "requestHash" | "reasons" | "notices" | "requestedTime">;
};

/** Hidden from the person who made the request, who may not approve it; the service enforces that, too. */
export function ApproveButtons({
  of,
  reload,
  done,
}: {
  /** As the person saw it. */
  readonly of: Waiting;
  readonly reload: () => void;
  readonly done: () => void;
}) {
  if (!(caller.value?.roles ?? []).includes("Onboarding.Approve")) return null;
  if (caller.value?.id === of.requestedBy) return <span class="muted">Another person must approve this.</span>;
  const what = `${words(of.kind)} ${of.cluster}/${of.namespace}`;
  const deciding = {
    body: { requestHash: of.approval.requestHash },
    ifMatch: of.etag,
    reload,
    takesComment: true,
    about: <About of={of} />,
    done,
  } as const;
  const at = { id: of.id };
  return (
    <>
      <button
        type="button"
        class="primary"
        onClick={() =>
          ask({
            ...deciding,
            title: `Approve: ${what}?`,
            verb: "Approve",
            call: { route: "POST /api/operations/{id}/approve", at },
          })
        }
      >
        Approve …
      </button>
      <button
        type="button"
        onClick={() =>
          ask({
            ...deciding,
            title: `Reject: ${what}?`,
            verb: "Reject",
            call: { route: "POST /api/operations/{id}/reject", at },
            isGrave: true,
          })
        }
      >
        Reject …
      </button>
    </>
  );
}

/** Who asks for what, beside what the namespace has, and why it takes a second person. */
function About({ of: { requestedBy, team, request, replaces, approval } }: { readonly of: Waiting }) {
  const { expiresAt } = request;
  return (
    <>
      <p>
        Requested by {requestedBy}
        {team !== undefined && ` for team ${team}`} <Time at={approval.requestedTime} />.
      </p>
      <Grants of={request} replaces={replaces} />
      {expiresAt !== undefined && (
        <p>
          All of it <Ends at={expiresAt} />
        </p>
      )}
      <Reasons of={approval} />
    </>
  );
}
