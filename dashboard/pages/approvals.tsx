/** What waits for the caller's approval, and what each request would change. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import type { Awaiting } from "../service/awaiting.ts";
import { get } from "../service/client.ts";
import { observe } from "../service/live.ts";
import { useLiveResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { announce } from "../ui/announcer.tsx";
import { Page } from "../ui/page.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";
import { ApproveButtons, PlanToApprove, Reasons } from "./approval.tsx";
import { RequestView } from "./request.tsx";

export function ApprovalsPage() {
  return <Page title="Approvals">{isIn("Onboarding.Approve") ? <Waiting /> : <NotYours />}</Page>;
}

function NotYours() {
  return (
    <Empty title="You do not approve requests.">
      <p>
        That needs the app role Onboarding.Approve. What your teams are waiting for is at{" "}
        <a href={to.operations({ phase: "awaitingApproval" })}>Operations, waiting for approval</a>.
      </p>
    </Empty>
  );
}

function Waiting() {
  const resource = useLiveResource("approvals", (signal) =>
    get(addressOf({ route: "GET /api/approvals", query: { top: "200" } }), signal),
  );
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = observe(({ event, data }) => {
      const shown = resource.data.peek()?.value ?? [];
      const change = data as { id?: string; phase?: string };
      const isNews =
        event === "operation" && (change.phase === "awaitingApproval" || shown.some(({ id }) => id === change.id));
      if (!isNews) return;
      clearTimeout(timer);
      timer = setTimeout(resource.reload, 300);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [resource]);
  return (
    <Loaded resource={resource} what="the approvals">
      {({ value, nextLink }) =>
        value.length === 0 ? (
          <Empty title="Nothing is waiting for you.">
            <p>
              Requests that need a second pair of eyes appear here, except your own. To see what your teams are waiting
              for, open <a href={to.operations({ phase: "awaitingApproval" })}>Operations, waiting for approval</a>.
            </p>
          </Empty>
        ) : (
          <>
            <ul class="cards">
              {value.map((awaiting, index) => (
                <Card
                  key={awaiting.id}
                  awaiting={awaiting}
                  isPlanned={index < mostPlanned}
                  reload={resource.reload}
                  done={() => {
                    announce("Decided");
                    resource.reload();
                  }}
                />
              ))}
            </ul>
            {nextLink !== undefined && <p class="muted">More requests are waiting; they appear as you decide these.</p>}
          </>
        )
      }
    </Loaded>
  );
}

/** The first few plans load with the page; the others load when opened. */
const mostPlanned = 5;

function Card({
  awaiting,
  isPlanned,
  reload,
  done,
}: {
  readonly awaiting: Awaiting;
  readonly isPlanned: boolean;
  readonly reload: () => void;
  readonly done: () => void;
}) {
  const isOpen = useSignal(isPlanned);
  const { id, kind, cluster, namespace, requestedBy, team, approval, request, replaces } = awaiting;
  return (
    <li class="card">
      <div class="card-head">
        <h2>
          <a href={to.operation(id)} data-row>
            {words(kind)} {cluster}/{namespace}
          </a>
        </h2>
        <div class="actions">
          <ApproveButtons of={awaiting} reload={reload} done={done} />
        </div>
      </div>
      <p>
        Requested by {requestedBy}
        {team !== undefined && ` for team ${team}`} <Time at={approval.requestedTime} />; expires{" "}
        <Time at={approval.expiresTime} />.
      </p>
      <Reasons of={approval} />
      <RequestView request={request} replaces={replaces} />
      <details
        open={isOpen.value}
        onToggle={(event) => {
          isOpen.value = event.currentTarget.open;
        }}
      >
        <summary>What would happen</summary>
        {isOpen.value && <PlanToApprove id={id} requestHash={approval.requestHash} />}
      </details>
    </li>
  );
}
