/** All namespaces: filtered, sorted and paged here, since all of them are. */
import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { navigate, param, setParams, to } from "../app/router.ts";
import { contact } from "../service/client.ts";
import type { Namespace } from "../service/documents.ts";
import { all, ensureLoaded, failure, isComplete, keyOf, load, loadedAt } from "../service/namespaces.ts";
import { isIn } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Choice, FilterBar, QuickFilters, Search } from "../ui/filters.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { count, words } from "../ui/words.ts";
import {
  countBySeverity,
  filterNames,
  filterNamespaces,
  type NamespaceFilters,
  type Order,
  orders,
  severities,
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
              `${all.value.length.toLocaleString()} so far`
            )}
          </span>
          <button type="button" onClick={() => void load()}>
            Refresh
          </button>
        </>
      }
    >
      <QuickFilters
        title="Often asked for"
        choices={[
          { text: "All", params: { severity: "", state: "", mode: "" } },
          { text: "With errors", params: { severity: "Error", state: "" } },
          { text: "Incomplete", params: { severity: "", state: "Incomplete" } },
          { text: "Pod identity", params: { severity: "", mode: "podIdentity" } },
        ]}
      />
      <FilterBar names={filterNames}>
        <Search name="q" title="Name, team, person, database" isFirst isImmediate />
        <Choice
          name="cluster"
          title="Cluster"
          options={valuesOf(({ cluster }) => cluster).map((each) => [each, each] as const)}
        />
        <Choice name="state" title="State" options={valuesOf(({ state }) => state)} />
        <Choice name="mode" title="Identity mode" options={["workloadIdentity", "podIdentity"]} />
        <Choice name="team" title="Team" options={valuesOf(({ team }) => team).map((each) => [each, each] as const)} />
        <Choice name="severity" title="Worst finding" options={[...severities, ["none", "no finding"]]} />
        <Choice name="migration" title="Migration" options={[["stopped", "under way"]]} />
        <label class="field">
          <span>Sort by</span>
          <select value={order()} onChange={(event) => setParams({ sort: event.currentTarget.value, page: "" })}>
            <option value="name">name</option>
            <option value="severity">worst finding</option>
            <option value="verified">longest not verified</option>
            <option value="state">state</option>
          </select>
        </label>
      </FilterBar>
      {failure.value &&
        (isEmpty ? (
          <Failure error={failure.value} what="the namespaces" again={load} />
        ) : (
          <div class="notice stale" role="status">
            <p>
              These are the namespaces of <Time at={loadedAt.value} />: {failure.value.message}
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
    if (!isComplete.value) return <Loading what="the other namespaces; none so far passes these filters" />;
    return (
      <Empty title="No namespace passes these filters.">
        <p>Remove a filter to see more of the {all.value.length.toLocaleString()} that there are.</p>
      </Empty>
    );
  }
  return (
    <>
      {/* Announced once, and not for every page that comes in. */}
      <p class="muted" role="status" aria-busy={!isComplete.value}>
        {of.length === all.value.length
          ? count(of.length, "namespace")
          : `${of.length.toLocaleString()} of ${count(all.value.length, "namespace")}`}
        {!isComplete.value && ", and more to come …"}
      </p>
      <Bulk of={of} />
      <ul class="rows namespaces">
        {of.slice((page - 1) * pageSize, page * pageSize).map((each) => (
          <Row key={keyOf(each)} of={each} />
        ))}
      </ul>
      <Pager page={page} size={pageSize} total={of.length} what="namespaces" />
    </>
  );
}

/** As many as the service takes at a time. */
const mostAtOnce = 1_000;

const bulk = [
  ["verify", "Verify"],
  ["repair", "Repair"],
  ["migrate", "Migrate"],
  ["offboard", "Offboard"],
] as const;

/** What is filtered is what is meant, name by name: nothing that comes to pass the filter later, and nothing that was not seen. */
function Bulk({ of }: { readonly of: readonly Namespace[] }) {
  if (!isIn("Onboarding.Request")) return null;
  const isTooMuch = of.length > mostAtOnce;
  // Whoever acts on all that pass has to have seen how many those are.
  const isPossible = !isTooMuch && isComplete.value;
  const begin = (action: string, verb: string) =>
    ask({
      title: `${verb} ${count(of.length, "namespace")}?`,
      verb: `${verb} them`,
      path: "/api/namespaces/batch",
      body: { action, namespaces: of.map(({ cluster, namespace }) => ({ cluster, namespace })) },
      ifMatch: undefined,
      reload: () => void load(),
      isGrave: action === "offboard",
      done: ({ id }) => navigate(to.operation(id)),
    });
  return (
    <fieldset class="bulk actions" aria-label="With all that pass the filters">
      <span class="muted">
        {!isComplete.value
          ? "As soon as all are loaded, with all that pass the filters:"
          : isTooMuch
            ? `Filter down to ${mostAtOnce.toLocaleString()} to do something with all of them:`
            : `With ${of.length === 1 ? "this one" : `these ${of.length.toLocaleString()}`}:`}
      </span>
      {bulk.map(([action, verb]) => (
        <button type="button" key={action} disabled={!isPossible} onClick={() => begin(action, verb)}>
          {verb} …
        </button>
      ))}
    </fieldset>
  );
}

function Row({ of }: { readonly of: Namespace }) {
  const { cluster, namespace, state, identityMode, databases, findings, verifiedTime, team, requestedBy, migration } =
    of;
  return (
    <li class="row">
      <div class="row-status">
        <Status of={state} />
      </div>
      <div class="row-main">
        <a href={to.namespace(cluster, namespace)} data-row>
          {cluster}/<strong>{namespace}</strong>
        </a>
        <p class="row-cause muted">
          {databases.map(({ server, database, roles }) => `${server}/${database} (${roles.join(", ")})`).join(" · ")}
        </p>
      </div>
      <div class="row-who">
        {words(identityMode)}
        {migration && <span class="tries">migration under way</span>}
        <span class="muted"> · {team ?? requestedBy}</span>
      </div>
      <div class="row-time">
        {findings.length > 0 ? (
          countBySeverity(of).map(([severity, number]) => <Status key={severity} of={severity} number={number} />)
        ) : (
          <span class="muted">{verifiedTime === undefined ? "never verified" : "no finding"}</span>
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
    <Empty title="No namespace is onboarded yet.">
      <p>
        You see what your teams have. <a href={to.newRequest()}>Ask for one</a>, or see{" "}
        <a href="/dashboard/catalog">what may be asked for</a>.
      </p>
    </Empty>
  );
}
