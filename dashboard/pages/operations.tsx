/** Live list, newest first, that does not move while someone is reading it. */

import { batch, type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { kinds, waitedMs } from "../../clients/operations.ts";
import { count } from "../../src/domain/count.ts";
import type { OperationPage } from "../../src/domain/documents/operation.ts";
import { isComingBack, keepRowsLoaded, rowsLoaded } from "../app/historyEntries.ts";
import { param, query, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { awaitingCount } from "../service/awaiting.ts";
import { observe } from "../service/live.ts";
import { useLiveResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { getSoFar } from "../service/soFar.ts";
import { Choice, FilterBar, type FilterNames, QuickFilters, Search } from "../ui/filters.tsx";
import { Older } from "../ui/older.tsx";
import { Page } from "../ui/page.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { nameOf, Status } from "../ui/status.tsx";
import { Duration, Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";

export type Summary = OperationPage["value"][number];

const statuses = ["NotStarted", "Running", "Succeeded", "Failed", "Canceled"] as const;
const filterNames = {
  status: ["Status", words],
  phase: ["Phase", nameOf],
  kind: ["Kind", words],
  cluster: "Cluster",
  namespace: "Namespace",
} satisfies FilterNames;

export function OperationsPage() {
  return (
    <Page title="Operations">
      <QuickFilters
        title="Often asked for"
        choices={[
          { text: "All", params: { status: "", phase: "" } },
          { text: "Running", params: { status: "Running", phase: "" } },
          { text: "Failed", params: { status: "Failed", phase: "" } },
          { text: "Waiting for approval", params: { status: "", phase: "awaitingApproval" } },
        ]}
      />
      {isIn("Onboarding.Approve") && (
        <a class="chip" href="/dashboard/approvals">
          Waiting for you{awaitingCount.value === undefined ? "" : `: ${awaitingCount.value}`}
        </a>
      )}
      <FilterBar names={filterNames}>
        <Choice name="status" title="Status" options={statuses} />
        <Choice name="kind" title="Kind" options={kinds} />
        <Search name="cluster" title="Cluster" />
        <Search name="namespace" title="Namespace (full name)" isFirst />
      </FilterBar>
      <OperationList key={filtersOf(query.value)} filters={filtersOf(query.value)} />
    </Page>
  );
}

function filtersOf(search: URLSearchParams): string {
  const wanted = new URLSearchParams();
  for (const name of Object.keys(filterNames)) {
    const value = search.get(name);
    if (value !== null && value !== "") wanted.set(name, value);
  }
  return wanted.toString();
}

/** Also used on the page of a namespace. */
export function OperationList({
  filters,
  isFiltered = filters !== "",
  isShort = false,
  one = "operation",
  many = `${one}s`,
}: {
  readonly filters: string;
  /** Whether the person chose any of the filters. */
  readonly isFiltered?: boolean;
  readonly isShort?: boolean;
  /** The noun for one row. */
  readonly one?: string;
  readonly many?: string;
}) {
  const query = { top: isShort ? "10" : "50", ...Object.fromEntries(new URLSearchParams(filters)) };
  const address = addressOf({ route: "GET /api/operations", query });
  const resource = useLiveResource(address, (signal) =>
    getSoFar("GET /api/operations", address, rowsLoaded(address), signal),
  );
  return (
    <Loaded resource={resource} what={`the ${many}`}>
      {(page) => (
        <Rows
          key={address}
          address={address}
          page={page}
          filters={filters}
          isFiltered={isFiltered}
          isShort={isShort}
          one={one}
          many={many}
        />
      )}
    </Loaded>
  );
}

interface Shown {
  readonly rows: Signal<ReadonlyMap<string, Summary>>;
  /** The ids in the order of the list. New ones wait in `fresh` while someone is reading. */
  readonly order: Signal<readonly string[]>;
  readonly fresh: Signal<readonly string[]>;
  /** The link to the page after the listed ones. */
  readonly nextLink: Signal<string | undefined>;
}

function Rows({
  address,
  page,
  filters,
  isFiltered,
  isShort,
  one,
  many,
}: {
  readonly address: string;
  readonly page: OperationPage;
  readonly filters: string;
  readonly isFiltered: boolean;
  readonly isShort: boolean;
  readonly one: string;
  readonly many: string;
}) {
  const ids = page.value.map(({ id }) => id);
  const shown: Shown = {
    rows: useSignal(new Map(page.value.map((row) => [row.id, row]))),
    order: useSignal<readonly string[]>(ids),
    fresh: useSignal<readonly string[]>([]),
    nextLink: useSignal(page.nextLink),
  };
  const { nextLink } = shown;
  const first = useRef(page);
  const wanted = useMemo(() => new URLSearchParams(filters), [filters]);

  useEffect(() => observe(({ event, data }) => event === "operation" && apply(shown, wanted, data as Summary)), []);
  useEffect(() => {
    if (page !== first.current) showPage(shown, page);
  }, [page]);

  const showFresh = () => list(shown, [...shown.fresh.value, ...shown.order.value]);
  return (
    <>
      <div class="fresh-place">
        {shown.fresh.value.length > 0 && (
          <button type="button" class="fresh" onClick={showFresh}>
            Show {count(shown.fresh.value.length, `new ${one}`, `new ${many}`)}
          </button>
        )}
      </div>
      {shown.order.value.length === 0 ? (
        <NoOperations isFiltered={isFiltered} what={many} />
      ) : (
        <ul class="rows operations one-line steady">
          {shown.order.value.map((id) => {
            const row = shown.rows.value.get(id);
            return row && <Row key={id} row={row} />;
          })}
        </ul>
      )}
      {!isShort && (
        <Older
          of="GET /api/operations"
          nextLink={nextLink}
          onPage={(older) => {
            append(shown, older);
            keepRowsLoaded(address, shown.order.peek().length);
          }}
          shown={shown.order.value.length}
          one={one}
          many={many}
        />
      )}
      {isShort && nextLink.value !== undefined && (
        <p>
          <a href={to.operations(Object.fromEntries(new URLSearchParams(filters)))}>All operations</a>
        </p>
      )}
    </>
  );
}

/** Updates known operations in place, even if they no longer match; adds others only when nobody is reading further down. */
function apply(shown: Shown, wanted: URLSearchParams, change: Summary): void {
  const { rows, order, fresh, nextLink } = shown;
  const known = rows.peek().get(change.id);
  if (!known && !isWanted(change, wanted)) return;
  batch(() => {
    rows.value = new Map(rows.peek()).set(change.id, { ...known, ...change });
    if (known || fresh.peek().includes(change.id)) return;
    // An older operation may come to match the filters. Its place may be on a page that is not listed yet.
    const oldest = rows.peek().get(order.peek().at(-1) ?? "")?.createdTime;
    if (nextLink.peek() !== undefined && oldest !== undefined && change.createdTime < oldest) return;
    if (isRead()) fresh.value = [change.id, ...fresh.peek()];
    else order.value = newestFirst(shown, [change.id, ...order.peek()]);
  });
}

/** Takes the loaded pages again, such as after an outage; listed operations keep their places. */
function showPage(shown: Shown, page: OperationPage): void {
  const { rows, order, fresh, nextLink } = shown;
  const listed = new Set(order.peek());
  const oldest = rows.peek().get(order.peek().at(-1) ?? "")?.createdTime ?? "";
  const unknown = page.value.filter(({ id }) => !listed.has(id));
  const newer = unknown.flatMap(({ id, createdTime }) => (createdTime < oldest ? [] : [id]));
  batch(() => {
    rows.value = new Map([...rows.peek(), ...page.value.map((row) => [row.id, row] as const)]);
    if (unknown.length === page.value.length && page.nextLink !== undefined) {
      // More is new than was loaded, so operations are missing between these and the listed ones.
      order.value = newer;
      fresh.value = [];
      nextLink.value = page.nextLink;
      return;
    }
    if (newer.length < unknown.length) {
      order.value = newestFirst(shown, [...listed, ...unknown.flatMap(({ id }) => (newer.includes(id) ? [] : [id]))]);
      nextLink.value = page.nextLink;
    }
    if (isRead()) fresh.value = newer;
    else list(shown, [...newer, ...order.peek()]);
  });
}

function list(shown: Shown, ids: readonly string[]): void {
  batch(() => {
    shown.order.value = newestFirst(shown, ids);
    shown.fresh.value = [];
  });
}

function newestFirst({ rows }: Shown, ids: readonly string[]): readonly string[] {
  const createdTime = (id: string) => rows.peek().get(id)?.createdTime ?? "";
  return ids.toSorted((a, b) => createdTime(b).localeCompare(createdTime(a)));
}

function isRead(): boolean {
  return isComingBack() || scrollY > 80 || document.querySelector(".rows:hover, .rows:focus-within") !== null;
}

function isWanted(change: Summary, wanted: URLSearchParams): boolean {
  return [...wanted].every(([name, value]) => (change as Readonly<Record<string, unknown>>)[name] === value);
}

/** Appends older operations; one that is already listed keeps its place. */
function append({ rows, order }: Shown, older: readonly Summary[]): void {
  rows.value = new Map([...rows.peek(), ...older.map((row) => [row.id, row] as const)]);
  const listed = new Set(order.peek());
  order.value = [...listed, ...older.flatMap(({ id }) => (listed.has(id) ? [] : [id]))];
}

function NoOperations({ isFiltered, what }: { readonly isFiltered: boolean; readonly what: string }) {
  if (isFiltered) {
    return (
      <Empty title={`No ${what} match these filters.`}>
        <p>You see only your teams' {what}. Remove a filter to see more.</p>
      </Empty>
    );
  }
  if (what !== "operations") return <Empty title={`No ${what} yet.`} />;
  return (
    <Empty title="No operations yet.">
      <p>
        Every request starts one. <a href={to.newRequest()}>Make a request</a>, or use <code>mooring onboard</code>.
      </p>
    </Empty>
  );
}

function Row({ row }: { readonly row: Summary }) {
  const { id, kind, status, requestedBy, team, createdTime, startTime, endTime, error } = row;
  const phase = row.kind === "batch" ? undefined : row.phase;
  const what = row.kind === "batch" ? count(row.requests, "namespace") : `${row.cluster}/${row.namespace}`;
  return (
    <li class="row">
      <div class="row-status">
        <Status of={status} phase={phase} />
      </div>
      <div class="row-main">
        <a href={to.operation(id)} data-row>
          {row.kind === "batch" ? `Batch: ${row.action}` : words(kind)} <strong>{what}</strong>
        </a>
        {error && (
          <p class="row-cause bad" title={error.message}>
            <strong>{error.code}</strong> {error.message}
          </p>
        )}
        {phase === "awaitingApproval" && row.kind !== "batch" && (
          <p class="row-cause" title={row.approval?.reasons.join(" ")}>
            {row.approval?.reasons.join(" ")}
          </p>
        )}
      </div>
      <div class="row-who">
        {requestedBy}
        {team !== undefined && <span class="muted"> · {team}</span>}
      </div>
      <div class="row-time">
        <Time at={createdTime} />
        <span class="muted">
          {" "}
          · <Duration from={startTime ?? createdTime} until={endTime} withoutMs={waitedMs(row)} />
        </span>
      </div>
    </li>
  );
}

export function BatchesPage() {
  return (
    <Page title="Batches">
      <p class="lead">
        Many requests in one operation; each namespace still has its own operation and outcome. Start one with{" "}
        <code>mooring onboard -f teams.yaml</code>.
      </p>
      <QuickFilters
        title="Often asked for"
        choices={[
          { text: "All", params: { status: "" } },
          { text: "Running", params: { status: "Running" } },
          { text: "Failed", params: { status: "Failed" } },
        ]}
      />
      <OperationList
        key={param("status")}
        filters={filtersOfBatches(param("status"))}
        isFiltered={param("status") !== ""}
        one="batch"
        many="batches"
      />
    </Page>
  );
}

function filtersOfBatches(status: string): string {
  return new URLSearchParams({ kind: "batch", ...(status === "" ? {} : { status }) }).toString();
}
