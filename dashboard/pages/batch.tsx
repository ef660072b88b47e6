/** The progress of a batch, and the outcome for each of its namespaces. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { count } from "../../src/domain/count.ts";
import type { BatchDocument as Batch } from "../../src/domain/documents/batch.ts";
import { base, ownSection, param, setParams, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { observe } from "../service/live.ts";
import { useResource } from "../service/resource.ts";
import { isIn } from "../service/session.ts";
import { ask } from "../ui/change.tsx";
import { Id } from "../ui/copy.tsx";
import { Choice, FilterBar, QuickFilters } from "../ui/filters.tsx";
import { Fix } from "../ui/fix.tsx";
import { Facts, Page, Section } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { Cause } from "../ui/plan.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Duration, span, Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";
import { Trace } from "./timeline.tsx";

type Item = Batch["items"][number];

const parts = [
  ["succeeded", "Succeeded"],
  ["running", "Running"],
  ["failed", "Failed"],
  ["canceled", "Canceled"],
  ["notStarted", "NotStarted"],
] as const;

export function BatchView({ batch, reload }: { readonly batch: Batch; readonly reload: () => void }) {
  const { id, status, totals, remaining, error, endTime } = batch;
  // No event carries the remaining time.
  useEffect(() => onItems(id, reload), [id, reload]);
  useEffect(() => {
    ownSection.value = "batches";
    return () => {
      ownSection.value = undefined;
    };
  }, []);
  return (
    <Page
      title={`Batch: ${batch.action} ${count(totals.requests, "namespace")}`}
      crumbs={<a href={`${base}/batches`}>Batches</a>}
      actions={
        endTime === undefined &&
        !batch.cancel &&
        isIn("Onboarding.Request") && (
          <button
            type="button"
            onClick={() =>
              ask({
                title: "Cancel this batch?",
                verb: "Cancel the batch",
                call: { route: "POST /api/operations/{id}/cancel", at: { id } },
                ifMatch: batch.etag,
                reload,
                takesComment: true,
                isGrave: true,
                done: reload,
              })
            }
          >
            Cancel …
          </button>
        )
      }
    >
      <div class="summary">
        <Status of={status} />
        <span>
          requested <Time at={batch.createdTime} /> by {batch.requestedBy}
        </span>
        <span>
          {endTime === undefined ? "so far" : "took"}{" "}
          <Duration from={batch.startTime ?? batch.createdTime} until={endTime} />
        </span>
      </div>
      {error && <Cause error={error} />}
      <Section title="Progress">
        <Progress batch={batch} />
        {remaining && (
          <p>
            About {span(remaining.seconds * 1_000)} to go: {count(remaining.namespaces, "namespace")} have not begun.
          </p>
        )}
        {!remaining && endTime === undefined && (
          <p class="muted">The remaining time is shown once ten namespaces have ended.</p>
        )}
      </Section>
      <Section title="Namespaces">
        <QuickFilters
          title="Quick filters"
          choices={[
            { text: "All", params: { status: "" } },
            { text: "Failed only", params: { status: "Failed" } },
            { text: "Running", params: { status: "Running" } },
          ]}
        />
        <FilterBar names={{ status: ["Status", words] }}>
          <Choice name="status" title="Status" options={parts.map(([, value]) => value)} />
        </FilterBar>
        <Items batch={batch} />
      </Section>
      <Section title="Related">
        <Facts
          of={[
            ["Operation", <Id key="id" of={id} what="the id of the batch" />],
            [
              "Audit",
              <a key="audit" href={to.audit({ operation: id })}>
                entries in the audit trail
              </a>,
            ],
            ["Trace", batch.traceId && <Trace id={batch.traceId} />],
          ]}
        />
      </Section>
    </Page>
  );
}

function Progress({ batch: { totals } }: { readonly batch: Batch }) {
  const ended = totals.succeeded + totals.failed + totals.canceled;
  return (
    <>
      <div
        class="progress"
        role="progressbar"
        aria-label="Namespaces that have ended"
        aria-valuemin={0}
        aria-valuemax={totals.requests}
        aria-valuenow={ended}
      >
        {parts.map(([name, tone]) => (
          <span key={name} class={tone} style={{ width: `${(totals[name] / Math.max(1, totals.requests)) * 100}%` }} />
        ))}
      </div>
      <ul class="totals">
        {parts.map(([name, tone]) => (
          <li key={name}>
            <button type="button" class="quiet" onClick={() => setParams({ status: tone, page: "" })}>
              <span class={`swatch ${tone}`} aria-hidden="true" /> {totals[name].toLocaleString()}{" "}
              {words(name).toLowerCase()}
            </button>
          </li>
        ))}
        {totals.unchanged > 0 && <li class="muted">{totals.unchanged} of them had nothing to do</li>}
      </ul>
    </>
  );
}

/** Calls `work` at most once a second, and also after the last item. */
function onItems(id: string, work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = observe(({ event, data }) => {
    if (event !== "item" || (data as { batch: string }).batch !== id || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      work();
    }, 1_000);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

const pageSize = 100;

/** The server returns one page; rows on it update in place. */
function Items({ batch }: { readonly batch: Batch }) {
  const status = param("status");
  const page = Math.max(1, Number(param("page")) || 1);
  // With a filter on status, pages cannot be numbered: the parameter is the index where the page begins.
  const from = status === "" ? (page - 1) * pageSize : Number(param("page")) || 0;
  const query = { top: String(pageSize), from: String(from), status: status || undefined };
  const address = addressOf({ route: "GET /api/operations/{id}", at: { id: batch.id }, query });
  const resource = useResource(address, async (signal) => (await get(address, signal)) as Batch);
  const changed = useSignal<ReadonlyMap<number, Item>>(new Map());
  // With a filter on status, other items come to match it.
  useEffect(() => (status === "" ? undefined : onItems(batch.id, resource.reload)), [batch.id, status, resource]);
  useEffect(() => {
    if (resource.data.peek() !== undefined) resource.reload();
  }, [batch.status]);
  useEffect(
    () =>
      observe(({ event, data }) => {
        if (event !== "item") return;
        const { batch: of, ...item } = data as Item & { batch: string };
        if (of === batch.id) changed.value = new Map(changed.peek()).set(item.index, item);
      }),
    [batch.id],
  );
  return (
    <Loaded resource={resource} what="the namespaces of the batch">
      {(data) =>
        data.items.length === 0 ? (
          <Empty
            title={status === "" ? "This batch has no namespaces." : `No namespaces with the status ${words(status)}.`}
          />
        ) : (
          <>
            <ul class="rows operations one-line wraps">
              {data.items.map((item) => (
                <ItemRow key={item.index} item={changed.value.get(item.index) ?? item} />
              ))}
            </ul>
            {status === "" && <Pager page={page} size={pageSize} total={batch.totals.requests} what="namespaces" />}
            {status !== "" && (
              <div class="pager">
                {from > 0 && (
                  <button type="button" onClick={() => setParams({ page: "" })}>
                    First page
                  </button>
                )}
                {data.nextLink !== undefined && (
                  <button
                    type="button"
                    onClick={() =>
                      setParams({ page: new URL(data.nextLink ?? "", location.href).searchParams.get("from") ?? "" })
                    }
                  >
                    Next
                  </button>
                )}
              </div>
            )}
          </>
        )
      }
    </Loaded>
  );
}

function ItemRow({ item }: { readonly item: Item }) {
  const { index, cluster, namespace, status, operation, kind, outcome, needsApproval, isOwn, error } = item;
  const name = `${cluster}/${namespace}`;
  return (
    <li class="row">
      <div class="row-status">
        <Status of={status} phase={needsApproval ? "awaitingApproval" : undefined} />
      </div>
      <div class="row-main">
        {operation === undefined ? (
          <a href={to.namespace(cluster, namespace)} data-row>
            <strong>{name}</strong>
          </a>
        ) : (
          <a href={to.operation(operation)} data-row>
            {kind === undefined ? "" : `${words(kind)} `}
            <strong>{name}</strong>
          </a>
        )}
        {outcome === "unchanged" && <span class="muted"> was already as requested</span>}
        {isOwn === false && <span class="muted"> by an operation outside this batch</span>}
        {error && (
          <p class="row-cause bad">
            <strong>{error.code}</strong> {error.message}{" "}
            <span class="fix">
              <Fix of={error} />
            </span>
          </p>
        )}
      </div>
      <div class="row-who muted">no. {index + 1}</div>
      <div class="row-time">
        {item.startTime !== undefined && <Duration from={item.startTime} until={item.endTime} />}
      </div>
    </li>
  );
}
