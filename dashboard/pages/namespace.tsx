/** One namespace: what was requested and what is there, how they differ, and what to do about it. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { kindsIn, printLogins } from "../../clients/drivers.ts";
import { healthOf, subjectOf, valueInWords } from "../../clients/findings.ts";
import { type Language, languageNames, languages } from "../../clients/login.ts";
import { modesOf } from "../../clients/modes.ts";
import { toParameters } from "../../clients/request.ts";
import { count } from "../../src/domain/count.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { identityModes } from "../../src/domain/request/modes.ts";
import { navigate, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { change, get, getText, plan } from "../service/client.ts";
import { observe } from "../service/live.ts";
import { useLiveResource, useResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { useTask } from "../service/task.ts";
import { announce } from "../ui/announcer.tsx";
import { ask } from "../ui/change.tsx";
import { Block, Id } from "../ui/copy.tsx";
import { Fix } from "../ui/fix.tsx";
import { Facts, Page, Section } from "../ui/page.tsx";
import { PlanView } from "../ui/plan.tsx";
import { Empty, Failure, isOutdated, Loaded, Loading, Outdated } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";
import { OperationList } from "./operations.tsx";
import { Renew } from "./renewal.tsx";
import { Access, settingsOfRequest } from "./request.tsx";

export function NamespacePage({ cluster, name }: { readonly cluster: string; readonly name: string }) {
  const at = { cluster, namespace: name };
  const address = addressOf({ route: "GET /api/namespaces/{cluster}/{namespace}", at });
  const resource = useLiveResource(address, (signal) => get(address, signal));
  useEffect(
    () =>
      observe(({ event, data }) => {
        const change = data as { cluster?: string; namespace?: string };
        if (event === "operation" && change.cluster === cluster && change.namespace === name) resource.reload();
      }),
    [resource, cluster, name],
  );
  return (
    <Page
      title={`${cluster}/${name}`}
      crumbs={<a href={to.namespaces()}>Namespaces</a>}
      actions={resource.data.value && <Actions of={resource.data.value} at={at} reload={resource.reload} />}
    >
      <Loaded resource={resource} what="the namespace">
        {(namespace) => <View of={namespace} at={at} reload={resource.reload} />}
      </Loaded>
      <Section title="History">
        <OperationList filters={new URLSearchParams({ cluster, namespace: name }).toString()} isShort />
      </Section>
    </Page>
  );
}

function Actions({
  of: namespace,
  at,
  reload,
}: {
  readonly of: Namespace;
  readonly at: NamespaceRef;
  readonly reload: () => void;
}) {
  const { migration, etag: ifMatch } = namespace;
  if (!isIn("Onboarding.Request")) return null;
  const needsRepair = healthOf(namespace) !== namespace.state && namespace.findings.some((each) => each.repairable);
  const follow = ({ id }: { readonly id: string }) => navigate(to.operation(id));
  return (
    <>
      <Verify at={at} etag={ifMatch} reload={reload} isFirst={!needsRepair} />
      <button
        type="button"
        class={needsRepair ? "primary" : ""}
        onClick={() =>
          ask({
            title: "Repair this namespace?",
            verb: "Repair",
            call: { route: "POST /api/namespaces/{cluster}/{namespace}/repair", at },
            ifMatch,
            reload,
            done: follow,
          })
        }
      >
        Repair …
      </button>
      {!migration && <Migrate of={namespace} at={at} reload={reload} />}
      <a class="button" href={to.newRequest(toParameters(namespace.request))}>
        Change
      </a>
      <button
        type="button"
        class="grave"
        onClick={() =>
          ask({
            title: "Offboard this namespace?",
            verb: "Offboard",
            call: { route: "DELETE /api/namespaces/{cluster}/{namespace}", at },
            choice: {
              name: "ignoreDependants",
              text: "Ignore dependants: continue even if others depend on what is removed",
            },
            ifMatch,
            reload,
            isGrave: true,
            done: follow,
          })
        }
      >
        Offboard …
      </button>
    </>
  );
}

/** To another mode that the cluster offers; nothing where it offers none. */
function Migrate({
  of: { identityMode, etag: ifMatch },
  at,
  reload,
}: {
  readonly of: Namespace;
  readonly at: NamespaceRef;
  readonly reload: () => void;
}) {
  const catalog = useResource("catalog", (signal) => get(addressOf({ route: "GET /api/catalog" }), signal));
  const chosen = useSignal<string>("");
  const offered = catalog.data.value?.clusters.find(({ name }) => name === at.cluster)?.identityModes ?? [];
  const others = identityModes.filter((mode) => mode !== identityMode && offered.includes(mode));
  const [first] = others;
  if (first === undefined) return null;
  const target = chosen.value || first;
  return (
    <>
      <label class="field inline">
        <span>to</span>
        <select value={target} onChange={(event) => setValue(chosen, event.currentTarget.value)}>
          {others.map((mode) => (
            <option key={mode} value={mode}>
              {words(mode).toLowerCase()}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={() =>
          ask({
            title: `Migrate to ${words(target).toLowerCase()}?`,
            verb: "Migrate",
            call: { route: "POST /api/namespaces/{cluster}/{namespace}/migrate", at },
            body: { to: target },
            ifMatch,
            reload,
            done: ({ id }) => navigate(to.operation(id)),
          })
        }
      >
        Migrate …
      </button>
    </>
  );
}

/** Only reads, so there is nothing to plan. */
function Verify({
  at,
  etag,
  reload,
  isFirst,
}: {
  readonly at: NamespaceRef;
  readonly etag: string;
  readonly reload: () => void;
  /** Whether it is what would help most. */
  readonly isFirst: boolean;
}) {
  const { isRunning, error, run, forget } = useTask(async () => {
    const call = { route: "POST /api/namespaces/{cluster}/{namespace}/verify", at } as const;
    const headers = { "if-match": etag, "idempotency-key": crypto.randomUUID() };
    const { findings } = await change(call, { headers });
    announce(`Verified: ${count(findings.length, "finding")}`);
    reload();
  });
  const showNow = () => {
    forget();
    reload();
  };
  return (
    <>
      <button type="button" class={isFirst ? "primary" : ""} onClick={run} disabled={isRunning}>
        {isRunning ? "Verifying …" : "Verify now"}
      </button>
      {isOutdated(error) ? (
        <Outdated error={error} showNow={showNow} />
      ) : (
        error && <Failure error={error} what="the result of the verification" />
      )}
    </>
  );
}

function View({ of, at, reload }: { readonly of: Namespace; readonly at: NamespaceRef; readonly reload: () => void }) {
  const { identityMode, team, requestedBy, onboardedTime, verifiedTime, clientId, operation, waiting = [] } = of;
  const { expiry } = of;
  return (
    <>
      <div class="summary">
        <Status of={healthOf(of)} />
        <span>
          <a href={to.operation(operation)}>latest operation</a>
        </span>
      </div>
      <Facts
        of={[
          ["Identity mode", words(identityMode)],
          ["Team", team ?? "none: the platform's own"],
          ["Requested by", requestedBy],
          ["Onboarded", onboardedTime && <Time at={onboardedTime} />],
          ["Verified", verifiedTime ? <Time at={verifiedTime} /> : "never"],
          ["Access ends", expiry && <Time at={expiry.time} />],
          ...settingsOfRequest(of.request, ["cluster", "namespace", "team", "identityMode", "expiresAt"]),
          ["Client id", clientId && <Id of={clientId} what="the client id" />],
        ]}
      />
      {expiry && <Ending of={expiry} />}
      {expiry && <Renew of={of} reload={reload} />}
      {waiting.length > 0 && (
        <p class="notice">
          {count(waiting.length, "request")} from the queue waiting for this namespace:{" "}
          {waiting.map(({ operation: id, since }) => (
            <span key={id}>
              <code>{id}</code> since <Time at={since} />{" "}
            </span>
          ))}
        </p>
      )}
      <Section title="Targets">
        <Access of={of} />
      </Section>
      <MigrationStepper of={of} at={at} reload={reload} />
      <Section title="Drift">
        <Findings of={of} />
      </Section>
      <Section title="Desired and actual state">
        <Comparison at={at} of={of} />
      </Section>
      <Section title="Export">
        <Export at={at} request={of.request} />
      </Section>
    </>
  );
}

/** What is lost at the end, and what was tried in vain. */
function Ending({ of: { time, targets, tried } }: { readonly of: NonNullable<Namespace["expiry"]> }) {
  return (
    <p class="notice">
      <Time at={time} />:{" "}
      {targets ? `access to ${targets.join(", ")} ends` : "all access ends and the namespace is offboarded"}. Renew it
      for a duration such as P30D, or until a time such as 2027-01-31T00:00:00Z.
      {tried && (
        <>
          {" "}
          Tried {count(tried.times, "time")} in vain, last <Time at={tried.time} />
          {tried.operation !== undefined && (
            <>
              {" "}
              by <a href={to.operation(tried.operation)}>an operation</a>
            </>
          )}
          .
        </>
      )}
    </p>
  );
}

function Findings({ of: { findings, verifiedTime } }: { readonly of: Namespace }) {
  if (findings.length === 0) {
    return verifiedTime === undefined ? (
      <Empty title="This namespace has never been verified.">
        <p>“Verify now” checks everything that it has.</p>
      </Empty>
    ) : (
      <Empty title="Everything matches the request." />
    );
  }
  return (
    <ul class="findings">
      {findings.map((finding) => {
        const { code, target, field, severity, expected, found, repairable } = finding;
        return (
          <li key={`${code} ${target} ${field}`}>
            <p>
              <Status of={severity} /> <strong>{code}</strong> <code class="target">{subjectOf(finding)}</code>
            </p>
            <p>
              <code>{field}</code>{" "}
              {found === null ? (
                <>
                  is missing; it should be <ins>{valueInWords(expected)}</ins>.
                </>
              ) : expected === null ? (
                <>
                  was added: <del>{found}</del>
                </>
              ) : (
                <>
                  is <del>{found}</del> and should be <ins>{expected}</ins>.
                </>
              )}
            </p>
            <p class="fix">{repairable ? "Repair fixes this." : <Fix of={finding} />}</p>
          </li>
        );
      })}
    </ul>
  );
}

/** The plan of a repair shows, step by step, what differs. */
function Comparison({ at, of }: { readonly at: NamespaceRef; readonly of: Namespace }) {
  const isWanted = useSignal(false);
  if (!isIn("Onboarding.Request")) return <p class="muted">To compare, you need permission to request a repair.</p>;
  if (!isWanted.value) {
    return (
      <button
        type="button"
        onClick={() => {
          isWanted.value = true;
        }}
      >
        Compare now
      </button>
    );
  }
  return <Compared at={at} version={`${of.operation} ${of.verifiedTime}`} />;
}

function Compared({ at, version }: { readonly at: NamespaceRef; readonly version: string }) {
  const call = { route: "POST /api/namespaces/{cluster}/{namespace}/repair", at } as const;
  const resource = useResource(`compare ${addressOf(call)} ${version}`, (signal) => plan(call, { signal }));
  return (
    <Loaded resource={resource} what="the differences">
      {(found) => <PlanView plan={found} />}
    </Loaded>
  );
}

const phases = [
  ["inventory", "Finds what exists, which pods use it, and what would block the migration"],
  ["sideBySide", "Adds what the new mode needs; pods keep running unchanged"],
  ["verify", "Verifies that the new mode works"],
  ["cutOver", "Switches the record and the manifest to the new mode; teams redeploy"],
  ["retire", "Removes the previous mode, once no pod uses it"],
] as const;

function MigrationStepper({
  of: { migration, state, etag },
  at,
  reload,
}: {
  readonly of: Namespace;
  readonly at: NamespaceRef;
  readonly reload: () => void;
}) {
  const until = useSignal("retire");
  if (!migration && state !== "Migrating") return null;
  const { target, left: back } = modesOf(migration ?? {});
  const done = phases.findIndex(([phase]) => phase === migration?.completed);
  const mayGoOn = isIn("Onboarding.Request") && state !== "Migrating";
  const go = (direction: "on" | "back") => {
    ask({
      title:
        direction === "on" ? `Continue to ${words(target).toLowerCase()}?` : `Go back to ${words(back).toLowerCase()}?`,
      verb: direction === "on" ? "Continue" : "Go back",
      call: { route: "POST /api/namespaces/{cluster}/{namespace}/migrate", at },
      body: direction === "on" ? { to: target, until: until.value } : { to: back },
      ifMatch: etag,
      reload,
      done: ({ id }) => navigate(to.operation(id)),
    });
  };
  return (
    <Section title={`Migration to ${words(target).toLowerCase()}`}>
      <ol class="stepper">
        {phases.map(([phase, what], index) => (
          <li
            key={phase}
            class={index <= done ? "done" : index === done + 1 ? "next" : ""}
            aria-current={index === done + 1 ? "step" : undefined}
          >
            <strong>{words(phase)}</strong>
            <span class="visually-hidden">{index <= done ? " (complete)" : ""}</span>
            <span class="muted">{what}</span>
          </li>
        ))}
      </ol>
      {mayGoOn && (
        <div class="actions">
          <label class="field inline">
            <span>up to</span>
            <select value={until.value} onChange={(event) => setValue(until, event.currentTarget.value)}>
              {phases.slice(done + 1).map(([phase]) => (
                <option key={phase} value={phase}>
                  {words(phase)}
                </option>
              ))}
            </select>
          </label>
          <button type="button" class="primary" onClick={() => go("on")}>
            Continue …
          </button>
          <button type="button" onClick={() => go("back")}>
            Go back …
          </button>
        </div>
      )}
    </Section>
  );
}

function setValue(signal: Signal<string>, value: string): void {
  signal.value = value;
}

const formats = [
  ["manifest", "Manifest for the Deployment"],
  ["kubernetes", "Kubernetes objects"],
  ["tsql", "T-SQL"],
  ["azurecli", "Azure CLI"],
] as const;

function Export({ at, request }: { readonly at: NamespaceRef; readonly request: Namespace["request"] }) {
  const format = useSignal("");
  return (
    <>
      <label class="field inline">
        <span>Everything that the namespace has, for use without Mooring</span>
        <select value={format.value} onChange={(event) => setValue(format, event.currentTarget.value)}>
          <option value="">choose a format</option>
          {formats.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {languages.map((language) => (
            <option key={language} value={language}>
              Lines that log in from {languageNames[language]}
            </option>
          ))}
        </select>
      </label>
      {isLanguage(format.value) ? (
        <Logins language={format.value} request={request} />
      ) : (
        format.value !== "" && <Exported key={format.value} at={at} format={format.value} />
      )}
    </>
  );
}

function Logins({ language, request }: { readonly language: Language; readonly request: Namespace["request"] }) {
  const catalog = useResource("catalog", (signal) => get(addressOf({ route: "GET /api/catalog" }), signal));
  return (
    <Loaded resource={catalog} what="the catalog">
      {({ targets }) => (
        <Block text={printLogins(language, request.identityMode, kindsIn(request, targets))} what="the lines" />
      )}
    </Loaded>
  );
}

function isLanguage(text: string): text is Language {
  return languages.some((each) => each === text);
}

function Exported({ at, format }: { readonly at: NamespaceRef; readonly format: string }) {
  const address =
    format === "manifest"
      ? addressOf({ route: "GET /api/namespaces/{cluster}/{namespace}/manifest", at })
      : addressOf({ route: "GET /api/namespaces/{cluster}/{namespace}/export", at, query: { format } });
  const resource = useResource(address, (signal) => getText(address, signal));
  if (resource.data.value === undefined && !resource.error.value) return <Loading what="the export" />;
  return (
    <Loaded resource={resource} what="the export">
      {(text) => <Block text={text} what="the export" />}
    </Loaded>
  );
}
