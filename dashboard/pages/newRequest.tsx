/** A form that offers what the caller may request, and plans the request as it is filled in. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { CatalogDocument as Catalog } from "../../src/domain/documents/catalog.ts";
import { toError } from "../../src/domain/messageOf.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { navigate, param, query, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import * as service from "../service/client.ts";
import { contact, get, Refused, Unreachable } from "../service/client.ts";
import { createRequestKeys } from "../service/requestKeys.ts";
import { useResource } from "../service/resource.ts";
import { caller, isIn } from "../service/session.ts";
import { settings } from "../service/settings.ts";
import { announce } from "../ui/announcer.tsx";
import { Block } from "../ui/copy.tsx";
import { Page, Section } from "../ui/page.tsx";
import { PlanView } from "../ui/plan.tsx";
import { Empty, Failure, isOutdated, Loaded, Outdated, ProblemText, sendAgainText } from "../ui/states.tsx";
import { Fields, fieldAt, type Problems } from "./requestFields.tsx";
import { offer, printCommand, printCurl, readRequest } from "./requestForm.ts";

export function NewRequestPage() {
  const catalog = useResource("catalog", (signal) => get(addressOf({ route: "GET /api/catalog" }), signal));
  const who = caller.value;
  return (
    <Page title="New request">
      {who && !isIn("Onboarding.Request") ? (
        <Empty title="You may not send requests.">
          <p>
            That needs the app role <code>Onboarding.Request</code>; ask a Mooring operator for it.
          </p>
        </Empty>
      ) : (
        <Loaded resource={catalog} what="the catalog">
          {(data) => who && <Form catalog={data} who={who} />}
        </Loaded>
      )}
    </Page>
  );
}

const onboard = { route: "POST /api/onboardings" } as const;

function Form({ catalog, who }: { readonly catalog: Catalog; readonly who: Caller }) {
  const request = readRequest(query.value);
  const body = request && JSON.stringify(request);
  const problems = useSignal<Problems>(new Map());
  const offered = offer(catalog, who, param("team"));
  if (offered.clusters.length === 0 || offered.sqlServers.length + offered.targets.length === 0) {
    return (
      <Empty title="Nothing is available to you.">
        <p>
          The catalog gives your teams no cluster, or no database and no other target. A Mooring operator can change
          that.
        </p>
      </Empty>
    );
  }
  return (
    <div class="split">
      <form class="request" onSubmit={(event) => event.preventDefault()}>
        <Fields offered={offered} who={who} problems={problems.value} />
      </form>
      <div class="beside">
        <Section title="What would happen">
          {request && body ? (
            <Planned
              request={request}
              body={body}
              onProblems={(found) => {
                problems.value = found;
              }}
            />
          ) : (
            <p class="muted">
              Choose a cluster, a namespace and at least one role on a database or access to another target; the plan
              then appears here.
            </p>
          )}
        </Section>
        {request && <SameElsewhere request={request} />}
      </div>
    </div>
  );
}

/** The plan is requested after a pause in typing of this length. */
const pauseMs = 400;

/** Keeps the previous plan until the next arrives, so that nothing jumps while the user types. */
function Planned({
  request,
  body: asked,
  onProblems,
}: {
  readonly request: OnboardingRequest;
  /** The request as text; a new text starts a new plan. */
  readonly body: string;
  readonly onProblems: (problems: Problems) => void;
}) {
  const plan = useSignal<Plan | undefined>(undefined);
  const error = useSignal<Error | undefined>(undefined);
  const answered = useSignal("");
  const isSending = useSignal(false);
  /** The plan whose removals the person has agreed to: another plan may remove more. */
  const agreed = useSignal<Plan | undefined>(undefined);
  /** Counts requests to plan again. */
  const looks = useSignal(0);
  const keyOf = useMemo(createRequestKeys, []);
  useEffect(() => {
    const leaving = new AbortController();
    const timer = setTimeout(async () => {
      try {
        plan.value = await service.plan(onboard, { body: request, signal: leaving.signal });
        error.value = undefined;
        answered.value = asked;
        onProblems(new Map());
      } catch (reason) {
        if (leaving.signal.aborted) return;
        plan.value = undefined;
        answered.value = asked;
        fail(reason);
      }
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [asked, looks.value]);

  function fail(reason: unknown): void {
    error.value = toError(reason);
    const errors = reason instanceof Refused ? (reason.problem.errors ?? []) : [];
    onProblems(new Map(errors.map(({ pointer, detail }) => [pointer, detail])));
  }

  const send = async () => {
    isSending.value = true;
    error.value = undefined;
    try {
      const removes = plan.value?.removes && agreed.value === plan.value;
      const call = { ...onboard, ...(removes ? { query: { confirmRemoval: "true" } } : {}) };
      const { id, message } = await service.change(call, {
        body: request,
        headers: { ...conditionOf(plan.value), "idempotency-key": keyOf(asked) },
      });
      announce(message ?? "Accepted");
      navigate(to.operation(id));
    } catch (reason) {
      fail(reason);
      isSending.value = false;
    }
  };

  const planAgain = () => {
    error.value = undefined;
    answered.value = "";
    looks.value += 1;
  };

  const isThere = contact.value.isThere;
  useEffect(() => {
    if (isThere && plan.peek() === undefined && error.peek() instanceof Unreachable) planAgain();
  }, [isThere]);

  const isCurrent = answered.value === asked;
  return (
    <div aria-busy={!isCurrent} aria-live="polite" class={isCurrent ? "" : "outdated"}>
      {!isCurrent && <p class="muted looking">Planning …</p>}
      {isOutdated(error.value) ? (
        <Outdated error={error.value} showNow={planAgain} />
      ) : (
        error.value && <NotAccepted error={error.value} isPlanned={plan.value !== undefined} planAgain={planAgain} />
      )}
      {plan.value && !isOutdated(error.value) && <PlanView plan={plan.value} />}
      {plan.value?.removes && !isOutdated(error.value) && <Agreement plan={plan.value} agreed={agreed} />}
      {plan.value && !isOutdated(error.value) && (
        <Send
          plan={plan.value}
          isReady={isCurrent && (plan.value.removes === undefined || agreed.value === plan.value)}
          isSending={isSending.value}
          send={send}
        />
      )}
    </div>
  );
}

function Agreement({ plan, agreed }: { readonly plan: Plan; readonly agreed: Signal<Plan | undefined> }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={agreed.value === plan}
        onChange={(event) => {
          agreed.value = event.currentTarget.checked ? plan : undefined;
        }}
      />
      Remove this access
    </label>
  );
}

interface SendProps {
  readonly plan: Plan;
  /** It is the plan of what is asked for now, and what it removes is agreed to. */
  readonly isReady: boolean;
  readonly isSending: boolean;
  readonly send: () => Promise<void>;
}

function Send({ plan, isReady, isSending, send }: SendProps) {
  return (
    <button type="button" class="primary" onClick={send} disabled={!isReady || isSending || plan.blocked}>
      {isSending ? "Sending …" : plan.needsApproval.length > 0 ? "Request approval" : "Onboard"}
    </button>
  );
}

function NotAccepted({
  error,
  isPlanned,
  planAgain,
}: {
  readonly error: Error;
  /** Whether there was a plan, so that this is about what was sent. */
  readonly isPlanned: boolean;
  readonly planAgain: () => void;
}) {
  const isFinal = error instanceof Refused && error.status < 500 && error.status !== 429;
  if (!isFinal && !isPlanned) return <Failure error={error} what="the plan" again={planAgain} />;
  return (
    <div class="failure">
      <p class="empty-title">{isFinal ? "This request would not be accepted." : "The request failed."}</p>
      <ProblemText error={error} titleOf={fieldAt} />
      {!isFinal && <p class="muted">{sendAgainText}</p>}
    </div>
  );
}

/** Sends only what was planned: a change of the namespace in that state, or a new one that still does not exist. */
function conditionOf(plan: Plan | undefined): Readonly<Record<string, string>> {
  return plan?.etag === undefined ? { "if-none-match": "*" } : { "if-match": plan.etag };
}

function SameElsewhere({ request }: { readonly request: OnboardingRequest }) {
  const { entra, key } = settings.signIn;
  const proof = entra ? "authorization: Bearer $MOORING_TOKEN" : key ? "x-mooring-key: $MOORING_KEY" : undefined;
  return (
    <Section title="The same request as code">
      <details>
        <summary>JSON</summary>
        <Block text={JSON.stringify(request, null, 2)} what="the request as JSON" />
      </details>
      <details>
        <summary>mooring</summary>
        <Block text={printCommand(request)} what="the command" />
      </details>
      <details>
        <summary>curl</summary>
        <Block text={printCurl(request, location.origin, proof)} what="the curl command" />
      </details>
    </Section>
  );
}
