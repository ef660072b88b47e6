/** A form that offers what the caller may request, and plans the request as it is filled in. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { nounOf } from "../../clients/drivers.ts";
import { defaultMode, fieldOfMode } from "../../clients/modes.ts";
import { othersOf, printTargets, splitTargets } from "../../clients/request.ts";
import type { AcceptedDocument as Accepted } from "../../src/domain/documents/accepted.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { CatalogDocument as Catalog } from "../../src/domain/documents/catalog.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { navigate, param, query, setParams, to } from "../app/router.ts";
import { call, contact, get, Refused, Unreachable } from "../service/client.ts";
import { createRequestKeys } from "../service/requestKeys.ts";
import { useResource } from "../service/resource.ts";
import { caller, isIn } from "../service/session.ts";
import { settings } from "../service/settings.ts";
import { announce } from "../ui/announcer.tsx";
import { Block } from "../ui/copy.tsx";
import { Page, Section } from "../ui/page.tsx";
import { PlanView } from "../ui/plan.tsx";
import { Empty, Failure, isOutdated, Loaded, Outdated, ProblemText, sendAgainText } from "../ui/states.tsx";
import { words } from "../ui/words.ts";
import {
  type Choice,
  choose,
  databasesOf,
  type Offered,
  offer,
  otherTargetsOf,
  printCommand,
  printCurl,
  readRequest,
} from "./requestForm.ts";

export function NewRequestPage() {
  const catalog = useResource("catalog", (signal) => get<Catalog>("/api/catalog", signal));
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

function Form({ catalog, who }: { readonly catalog: Catalog; readonly who: Caller }) {
  const request = readRequest(query.value);
  const body = request && JSON.stringify(request);
  const problems = useSignal<ReadonlyMap<string, string>>(new Map());
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
              told={(found) => {
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

function Fields({
  offered,
  who,
  problems,
}: {
  readonly offered: Offered;
  readonly who: Caller;
  readonly problems: ReadonlyMap<string, string>;
}) {
  const cluster = param("cluster");
  const modes = offered.clusters.find(({ name }) => name === cluster)?.identityModes ?? [];
  const team = param("team");
  const patterns = (team === "" ? who.teams : who.teams.filter(({ name }) => name === team)).flatMap(
    ({ namespaces }) => namespaces,
  );
  const mode = modes.find((each) => each === param("identityMode")) ?? defaultMode;
  // A single option is preselected.
  useEffect(() => {
    const [only, another] = offered.clusters;
    if (param("cluster") === "" && only && !another) setParams({ cluster: only.name }, { replace: true });
  }, [offered]);
  return (
    <>
      {who.teams.length > 0 && (
        <Select
          name="team"
          title="For which team"
          any={who.teams.length === 1 ? "your team" : "the team that matches"}
          options={who.teams.map(({ name }) => name)}
          problem={problems.get("/team")}
        />
      )}
      <Select
        name="cluster"
        title="Cluster"
        any="choose"
        options={offered.clusters.map(({ name }) => name)}
        problem={problems.get("/cluster")}
      />
      <Text
        name="namespace"
        title="Namespace"
        hint={
          patterns.length > 0
            ? `Your teams may use: ${[...new Set(patterns)].join(", ")}`
            : "Created if it does not exist."
        }
        problem={problems.get("/namespace")}
        isFirst
      />
      <Select
        name="identityMode"
        title="Identity mode"
        any="workload identity"
        options={modes.filter((each) => each !== defaultMode)}
        problem={problems.get("/identityMode")}
      />
      <Targets field="databases" title="Databases" offered={databasesOf(offered)} problems={problems} />
      <Targets field="targets" title="Other targets" offered={otherTargetsOf(offered)} problems={problems} />
      <Text
        name="expiresAt"
        title="Access ends"
        hint="A time in UTC, such as 2027-01-31T00:00:00Z; empty: it does not end"
        problem={problems.get("/expiresAt")}
      />
      <Text
        name="expiresAfter"
        title="Or ends after"
        hint="A duration, such as P30D or PT12H, counted from the acceptance"
        problem={problems.get("/expiresAfter")}
      />
      {offered.profiles.length > 0 && (
        <Select
          name="namespaceProfile"
          title="Profile"
          any="none"
          options={offered.profiles.map(({ name }) => name)}
          problem={problems.get("/namespaceProfile")}
        />
      )}
      <details class="more-fields">
        <summary>More fields</summary>
        {fieldOfMode(mode) === "serviceAccount" ? (
          <Text
            name="serviceAccount"
            title="Service account"
            hint="Default: app"
            problem={problems.get("/serviceAccount")}
          />
        ) : (
          <Text
            name="selector"
            title="Selector"
            hint="Value of the label aadpodidbinding; default: the namespace's name"
            problem={problems.get("/selector")}
          />
        )}
        <Text
          name="sharedIdentity"
          title="Identity of another namespace"
          hint="Such as aks-dev/team-a, if the catalog lets you share it; empty: an identity of its own"
          problem={problems.get("/sharedIdentity")}
        />
        <Select
          name="adoptionPolicy"
          title="Existing objects that are not Mooring's"
          any="take over if identical"
          options={["Never", "Always"]}
          problem={problems.get("/adoptionPolicy")}
        />
        <Select
          name="deletePolicy"
          title="Namespace after offboarding"
          any="remove if Mooring created it"
          options={["Keep"]}
          problem={problems.get("/deletePolicy")}
        />
      </details>
      <Kept />
    </>
  );
}

/** Fields that this page does not know, from a newer service: sent as they are. */
function Kept() {
  const others = othersOf(readRequest(query.value) ?? {});
  if (others.length === 0) return null;
  return (
    <fieldset>
      <legend>Also in the request, unchanged</legend>
      {others.map(([field, json]) => (
        <p key={field}>
          {field}: <code>{json}</code>
        </p>
      ))}
    </fieldset>
  );
}

function Select({
  name,
  title,
  options,
  any,
  problem,
}: {
  readonly name: string;
  readonly title: string;
  readonly options: readonly string[];
  readonly any: string;
  readonly problem: string | undefined;
}) {
  const value = param(name);
  // A value from the address is shown even if it is not offered; the plan says what is wrong with it.
  const all = value === "" || options.includes(value) ? options : [...options, value];
  return (
    <label class="field">
      <span>{title}</span>
      <select
        value={value}
        aria-invalid={problem !== undefined}
        onChange={(event) => setParams({ [name]: event.currentTarget.value })}
      >
        <option value="">{any}</option>
        {all.map((option) => (
          <option key={option} value={option}>
            {/^[a-z]+[A-Z]/.test(option) ? words(option) : option}
          </option>
        ))}
      </select>
      {problem !== undefined && <span class="problem">{problem}</span>}
    </label>
  );
}

function Text({
  name,
  title,
  hint,
  problem,
  isFirst = false,
}: {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly problem: string | undefined;
  readonly isFirst?: boolean;
}) {
  return (
    <label class="field">
      <span>{title}</span>
      <input
        value={param(name)}
        spellcheck={false}
        autoComplete="off"
        aria-invalid={problem !== undefined}
        data-search={isFirst ? "" : undefined}
        onInput={(event) => setParams({ [name]: event.currentTarget.value.trim() }, { replace: true })}
      />
      <span class="hint">{hint}</span>
      {problem !== undefined && <span class="problem">{problem}</span>}
    </label>
  );
}

function Targets({
  field,
  title,
  offered,
  problems,
}: {
  readonly field: "databases" | "targets";
  readonly title: string;
  readonly offered: readonly Choice[];
  readonly problems: ReadonlyMap<string, string>;
}) {
  if (offered.length === 0) return null;
  const chosen = splitTargets(param(field));
  const toggle = (key: string, word: string, isOn: boolean) =>
    setParams({ [field]: printTargets(choose(chosen, key, word, isOn)) }, { replace: true });
  return (
    <fieldset>
      <legend>{title}</legend>
      {offered.map(({ key, access, kind }) => {
        const own = chosen.find((each) => each.key === key);
        const index = own ? chosen.indexOf(own) : -1;
        const told = [...problems].filter(([pointer]) => pointer.startsWith(`/${field}/${index}/`));
        return (
          <fieldset class="target" key={key}>
            <legend>
              <code>{key}</code> {kind !== undefined && <span class="muted">{nounOf(kind)}</span>}
            </legend>
            {access.map((word) => (
              <label class="check" key={word}>
                <input
                  type="checkbox"
                  checked={own?.access.includes(word) ?? false}
                  onChange={(event) => toggle(key, word, event.currentTarget.checked)}
                />
                {word}
              </label>
            ))}
            {told.map(([pointer, detail]) => (
              <span class="problem" key={pointer}>
                {detail}
              </span>
            ))}
          </fieldset>
        );
      })}
    </fieldset>
  );
}

/** The plan is requested after a pause in typing of this length. */
const pauseMs = 400;

/** Keeps the previous plan until the next arrives, so that nothing jumps while the user types. */
function Planned({
  request,
  body: asked,
  told,
}: {
  readonly request: OnboardingRequest;
  /** The request as text; a new text starts a new plan. */
  readonly body: string;
  readonly told: (problems: ReadonlyMap<string, string>) => void;
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
        const { body } = await call<Plan>("/api/onboardings?dryRun=true", {
          method: "POST",
          body: request,
          signal: leaving.signal,
        });
        plan.value = body;
        error.value = undefined;
        answered.value = asked;
        told(new Map());
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
    error.value = reason instanceof Error ? reason : new Error(String(reason));
    const errors = reason instanceof Refused ? (reason.problem.errors ?? []) : [];
    told(new Map(errors.map(({ pointer, detail }) => [pointer, detail])));
  }

  const send = async () => {
    isSending.value = true;
    error.value = undefined;
    try {
      const removes = plan.value?.removes && agreed.value === plan.value;
      const { body } = await call<Accepted>(`/api/onboardings${removes ? "?confirmRemoval=true" : ""}`, {
        method: "POST",
        body: request,
        headers: { ...conditionOf(plan.value), "idempotency-key": keyOf(asked) },
      });
      announce(body.message ?? "Accepted");
      navigate(to.operation(body.id));
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
      {plan.value?.removes && !isOutdated(error.value) && (
        <label class="check">
          <input
            type="checkbox"
            checked={agreed.value === plan.value}
            onChange={(event) => {
              agreed.value = event.currentTarget.checked ? plan.value : undefined;
            }}
          />
          Remove this access
        </label>
      )}
      {plan.value && !isOutdated(error.value) && (
        <button
          type="button"
          class="primary"
          onClick={send}
          disabled={
            !isCurrent ||
            isSending.value ||
            plan.value.blocked ||
            (plan.value.removes !== undefined && agreed.value !== plan.value)
          }
        >
          {isSending.value ? "Sending …" : plan.value.needsApproval.length > 0 ? "Request approval" : "Onboard"}
        </button>
      )}
    </div>
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
      <ProblemText error={error} />
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
