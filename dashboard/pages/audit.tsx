/** The audit trail: who did what to what, and whether the trail is intact. */

import { batch, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { count } from "../../src/domain/count.ts";
import type {
  AuditCheck,
  AuditPage as AuditPageDocument,
  AuditDocument as AuditRecord,
} from "../../src/domain/documents/audit.ts";
import { keepRowsLoaded, rowsLoaded } from "../app/historyEntries.ts";
import { param, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { useResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { getSoFar } from "../service/soFar.ts";
import { useTask } from "../service/task.ts";
import { Id } from "../ui/copy.tsx";
import { FilterBar, Search } from "../ui/filters.tsx";
import { Older } from "../ui/older.tsx";
import { Facts, Page } from "../ui/page.tsx";
import { Differences } from "../ui/plan.tsx";
import { Empty, Failure, Loaded } from "../ui/states.tsx";
import { Action, Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { stepWords } from "../ui/words.ts";
import { Trace } from "./timeline.tsx";

const filterNames = { cluster: "Cluster", namespace: "Namespace", operation: "Operation", what: "Text" };

export function AuditPage() {
  const [cluster, namespace, operation] = ["cluster", "namespace", "operation"].map((name) => param(name) || undefined);
  const address = addressOf({ route: "GET /api/audit", query: { top: "100", cluster, namespace, operation } });
  const resource = useResource(address, (signal) => getSoFar("GET /api/audit", address, rowsLoaded(address), signal));
  return (
    <Page title="Audit" actions={isIn("Onboarding.Operate") && <Chain />}>
      <FilterBar names={filterNames}>
        <Search name="cluster" title="Cluster" />
        <Search name="namespace" title="Namespace (full name)" isFirst />
        <Search name="operation" title="Operation id" />
        <Search name="what" title="Text in the entries shown" isImmediate />
      </FilterBar>
      <Loaded resource={resource} what="the audit trail">
        {(page) => <Entries key={address} address={address} page={page} />}
      </Loaded>
    </Page>
  );
}

function Entries({ address, page }: { readonly address: string; readonly page: AuditPageDocument }) {
  const entries = useSignal<readonly AuditRecord[]>(page.value);
  const nextLink = useSignal(page.nextLink);
  const first = useRef(page);
  useEffect(() => {
    if (page === first.current) return;
    const oldest = page.value.at(-1)?.sequence ?? 0;
    const isJoined = entries.peek().some(({ sequence }) => sequence >= oldest);
    // Entries never change. If more is new than was loaded, some are missing between these and the known ones.
    const known = isJoined ? entries.peek().filter(({ sequence }) => sequence < oldest) : [];
    batch(() => {
      entries.value = [...page.value, ...known];
      if (known.length === 0) nextLink.value = page.nextLink;
    });
  }, [page]);
  const what = param("what").toLowerCase();
  const isFiltered = Object.keys(filterNames).some((name) => param(name) !== "");
  const shown = entries.value.filter(
    (entry) => what === "" || `${entry.what} ${entry.target} ${entry.action} ${entry.who}`.toLowerCase().includes(what),
  );
  return (
    <>
      {shown.length === 0 ? (
        <Empty
          title={
            entries.value.length > 0
              ? "None of the entries loaded matches."
              : isFiltered
                ? "No audit entries match these filters."
                : "No audit entries yet."
          }
        >
          <p>You see the entries of your teams' namespaces: one for every effect and every decision.</p>
        </Empty>
      ) : (
        <ul class="rows audit">
          {shown.map((entry) => (
            <Entry key={entry.sequence} entry={entry} />
          ))}
        </ul>
      )}
      <Older
        of="GET /api/audit"
        nextLink={nextLink}
        onPage={(older) => {
          entries.value = [...entries.value, ...older];
          keepRowsLoaded(address, entries.value.length);
        }}
        shown={shown.length}
        one="entry"
        many="entries"
      />
    </>
  );
}

function Entry({ entry }: { readonly entry: AuditRecord }) {
  const { cluster, namespace, operation, who, team, what, target, action, outcome, code, reason, time, traceId } =
    entry;
  const isOpen = useSignal(false);
  return (
    <li>
      <details
        onToggle={(event) => {
          isOpen.value = event.currentTarget.open;
        }}
      >
        <summary class="row" data-row>
          <span class="row-status">
            {entry.kind === "effect" && outcome !== "Failed" ? (
              <Action of={action} />
            ) : (
              // What was accepted was running then; it may have ended long ago.
              <Status of={outcome === "Refused" ? "Failed" : outcome === "Running" ? action : outcome} />
            )}
          </span>
          <span class="row-main">
            <strong title={what}>{stepWords(what)}</strong>{" "}
            {(entry.kind === "decision" || outcome === "Failed") && `${action} `}
            <code class="target">{target}</code>
            {code !== undefined && <span class="bad"> {code}</span>}
          </span>
          <span class="row-who">
            {who}
            {team !== undefined && <span class="muted"> · {team}</span>}
          </span>
          <span class="row-time">
            <Time at={time} />
          </span>
        </summary>
        {isOpen.value && (
          <div class="step-body">
            {reason !== undefined && <p>{reason}</p>}
            <Differences of={entry.differences} />
            <Facts
              of={[
                [
                  "Namespace",
                  cluster && namespace && <a href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>,
                ],
                ["Operation", operation && <a href={to.operation(operation)}>{operation}</a>],
                ["Outcome", outcome !== "Running" && outcome],
                ["Trace", traceId && <Trace id={traceId} />],
                ["No.", entry.sequence],
                ["Hash", <Id key="hash" of={entry.hash} what="the hash of the entry" />],
              ]}
            />
          </div>
        )}
      </details>
    </li>
  );
}

/** Verifies the whole trail; only operators may. */
function Chain() {
  const check = useSignal<AuditCheck | undefined>(undefined);
  const { isRunning, error, run } = useTask(async () => {
    check.value = await get(addressOf({ route: "GET /api/audit/verify" }));
  });
  return (
    <>
      <button type="button" onClick={run} disabled={isRunning}>
        {isRunning ? "Verifying …" : "Verify the chain"}
      </button>
      {error && <Failure error={error} what="the result of the verification" />}
      {check.value && (
        <div class={check.value.valid ? "notice good" : "notice bad"} role="status">
          {check.value.valid
            ? `The chain is intact: ${count(check.value.entries, "entry", "entries")}.`
            : `The chain is broken at entry ${check.value.brokenAt ?? ""}.`}{" "}
          Head <Id of={check.value.head} what="the hash of the newest entry" />
        </div>
      )}
    </>
  );
}
