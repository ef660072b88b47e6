/** All namespaces; all are in memory, so this page filters, sorts and pages them itself. */

import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { accessIn, stateInWords } from "../../clients/access.ts";
import { countBySeverity, healthOf, worstFirst } from "../../clients/findings.ts";
import { count } from "../../src/domain/count.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import { identityModes } from "../../src/domain/request/modes.ts";
import { navigate, param, setParams, to } from "../app/router.ts";
import { contact } from "../service/client.ts";
import { all, ensureLoaded, failure, isComplete, keyOf, load, loadedAt } from "../service/namespaces.ts";
import { isIn } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Choice, FilterBar, QuickFilters, Search } from "../ui/filters.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";
import {
  filterNames,
  filterNamespaces,
  type NamespaceFilters,
  type Order,
  orders,
  sortNamespaces,
} from "./namespaceFilters.ts";

const pageSize = 100;

function filters(): NamespaceFilters {
  return Object.fromEntries(Object.keys(filterNames).map((name) => [name, param(name)])) as NamespaceFilters;
}

function order(): Order {
  return orders.find((each) => each === param("sort")) ?? "name";
}

export function NamespacesPage() {
  const isThere = contact.value.isThere;
  useEffect(() => {
    if (isThere) ensureLoaded();
  }, [isThere]);
  const filtered = useComputed(() => filterNamespaces(all.value, filters()));
  const sorted = useComputed(() => sortNamespaces(filtered.value, order()));
  const valuesOf = (of: (each: Namespace) => string | undefined) =>
    [...new Set(all.value.flatMap((each) => of(each) ?? []))].sort();
  const isEmpty = all.value.length === 0;
  return (
    <Page
      title="Namespaces"
      actions={
        <>
          <span class="muted">
            {isComplete.value ? (
              <>
                as of <Time at={loadedAt.value} />
              </>
            ) : (
              !(isEmpty && failure.value) && `${all.value.length.toLocaleString()} loaded so far`
            )}
          </span>
          <label class="field">
            <span class="visually-hidden">Sort by</span>
            <select value={order()} onChange={(event) => setParams({ sort: event.currentTarget.value, page: "" })}>
              <option value="name">sort: name</option>
              <option value="severity">sort: worst finding</option>
              <option value="verified">sort: least recently verified</option>
              <option value="state">sort: state</option>
            </select>
          </label>
          <button type="button" onClick={() => void load()}>
            Refresh
          </button>
        </>
      }
    >
      <div class="toolbar">
        <QuickFilters
          title="Quick filters"
          choices={[
            { text: "All", params: { severity: "", state: "", mode: "" } },
            { text: "With errors", params: { severity: "Error", state: "" } },
            { text: "Incomplete", params: { severity: "", state: "Incomplete" } },
            { text: "Pod identity", params: { severity: "", mode: "podIdentity" } },
          ]}
        />
        {sorted.value.length > 0 && <Bulk of={sorted.value} />}
      </div>
      <FilterBar names={filterNames}>
        <Search name="q" title="Name, team, person, database" isFirst isImmediate />
        <Choice
          name="cluster"
          title="Cluster"
          options={valuesOf(({ cluster }) => cluster).map((each) => [each, each] as const)}
        />
        <Choice name="state" title="State" options={valuesOf(({ state }) => state)} />
        <Choice name="mode" title="Identity mode" options={identityModes} />
        <Choice name="team" title="Team" options={valuesOf(({ team }) => team).map((each) => [each, each] as const)} />
        <Choice name="severity" title="Worst finding" options={[...worstFirst, ["none", "no findings"]]} />
        <Choice name="migration" title="Migration" options={[["stopped", "in progress"]]} />
      </FilterBar>
      {failure.value &&
        (isEmpty ? (
          <Failure error={failure.value} what="the namespaces" again={load} />
        ) : (
          <div class="notice stale" role="status">
            <p>
              Showing the namespaces as of <Time at={loadedAt.value} />. {failure.value.message}
            </p>
            <button type="button" onClick={() => void load()}>
              Try again
            </button>
          </div>
        ))}
      {isEmpty && !failure.value && !isComplete.value && <Loading what="the namespaces" />}
      {isEmpty && isComplete.value && <NoNamespaces />}
      {!isEmpty && <List of={sorted.value} />}
    </Page>
  );
}

function List({ of }: { readonly of: readonly Namespace[] }) {
  const last = Math.max(1, Math.ceil(of.length / pageSize));
  const page = Math.min(last, Math.max(1, Number(param("page")) || 1));
  if (of.length === 0) {
    if (!isComplete.value) return <Loading what="more namespaces; none matches these filters so far" />;
    return (
      <Empty title="No namespaces match these filters.">
        <p>Remove a filter to see more of the {count(all.value.length, "namespace")}.</p>
      </Empty>
    );
  }
  return (
    <>
      <ul class="rows one-line">
        {of.slice((page - 1) * pageSize, page * pageSize).map((each) => (
          <Row key={keyOf(each)} of={each} />
        ))}
      </ul>
      <Pager page={page} size={pageSize} total={of.length} what="namespaces" />
    </>
  );
}

/** The most that the service accepts in one batch. */
const mostAtOnce = 1_000;

const bulk = [
  ["verify", "Verify"],
  ["repair", "Repair"],
  ["migrate", "Migrate"],
  ["offboard", "Offboard"],
] as const;

/** Acts on the filtered namespaces by name, so never on one that matches only later or that nobody has seen. */
function Bulk({ of }: { readonly of: readonly Namespace[] }) {
  const isTooMuch = of.length > mostAtOnce;
  // The person must have seen how many match before acting on all of them.
  const isPossible = !isTooMuch && isComplete.value;
  const begin = (action: string, verb: string) =>
    ask({
      title: `${verb} ${count(of.length, "namespace")}?`,
      verb: `${verb} them`,
      call: { route: "POST /api/namespaces/batch" },
      body: { action, namespaces: of.map(({ cluster, namespace }) => ({ cluster, namespace })) },
      ifMatch: undefined,
      reload: () => void load(),
      isGrave: action === "offboard",
      done: ({ id }) => navigate(to.operation(id)),
    });
  return (
    <fieldset class="bulk actions" aria-label="Actions for all matching namespaces">
      {/* Announced once, not for every page that arrives. */}
      <span class="muted" role="status" aria-busy={!isComplete.value}>
        {of.length === all.value.length
          ? count(of.length, "namespace")
          : `${of.length.toLocaleString()} of ${count(all.value.length, "namespace")}`}
        {!isComplete.value && ", loading more …"}
        {isTooMuch && `; filter down to ${mostAtOnce.toLocaleString()} to act on all`}
      </span>
      {isIn("Onboarding.Request") &&
        bulk.map(([action, verb]) => (
          <button type="button" key={action} disabled={!isPossible} onClick={() => begin(action, verb)}>
            {verb} …
          </button>
        ))}
    </fieldset>
  );
}

function Row({ of }: { readonly of: Namespace }) {
  const { cluster, namespace, identityMode, findings, verifiedTime, team, requestedBy, migration } = of;
  return (
    <li class="row">
      <div class="row-status">
        <Status of={healthOf(of)} />
      </div>
      <div class="row-main">
        <a href={to.namespace(cluster, namespace)} data-row>
          {cluster}/<strong>{namespace}</strong>
        </a>
        <p class="row-cause muted">
          {accessIn(of)
            .map(({ target, access, state: is, isLeaving }) => {
              const words = is === "inForce" && !isLeaving ? [] : [stateInWords(is, isLeaving)];
              return `${target} (${[access.join(", "), ...words].join("; ")})`;
            })
            .join(" · ")}
        </p>
      </div>
      <div class="row-who">
        {words(identityMode)}
        {migration && <span class="tries">migration in progress</span>}
        <span class="muted"> · {team ?? requestedBy}</span>
      </div>
      <div class="row-time">
        {findings.length > 0 ? (
          countBySeverity(of.findings).map(([severity, number]) => (
            <Status key={severity} of={severity} number={number} />
          ))
        ) : (
          <span class="muted">{verifiedTime === undefined ? "never verified" : "no findings"}</span>
        )}
        {verifiedTime !== undefined && (
          <span class="muted">
            {" "}
            · <Time at={verifiedTime} />
          </span>
        )}
      </div>
    </li>
  );
}

function NoNamespaces() {
  return (
    <Empty title="No namespace that you may see is onboarded.">
      <p>
        You see your teams' namespaces. <a href={to.newRequest()}>Request one</a>, or see{" "}
        <a href="/dashboard/catalog">what is available</a>.
      </p>
    </Empty>
  );
}
