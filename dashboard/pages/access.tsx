/** Who reaches what: the targets of every namespace, since when, and by whose request and approval. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Affected, affectedBy } from "../../clients/removal.ts";
import type { AccessDocument, AccessPage as AccessPageDocument } from "../../src/domain/documents/access.ts";
import { param, to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { useResource } from "../service/resource.ts";
import { FilterBar, Search } from "../ui/filters.tsx";
import { Ends } from "../ui/grants.tsx";
import { Older } from "../ui/older.tsx";
import { Page } from "../ui/page.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Tags } from "../ui/tags.tsx";
import { Time } from "../ui/time.tsx";
import { OtherAccessSection } from "./otherAccess.tsx";
import { Standing } from "./request.tsx";

const filterNames = { target: "Target", cluster: "Cluster", namespace: "Namespace", team: "Team" };
const names = ["target", "cluster", "namespace", "team"] as const;

export function AccessPage() {
  const filters = Object.fromEntries(names.map((name) => [name, param(name) || undefined]));
  const address = addressOf({ route: "GET /api/access", query: { top: "100", ...filters } });
  const resource = useResource(address, (signal) => get(address, signal));
  return (
    <Page title="Access">
      <FilterBar names={filterNames}>
        <Search name="target" title="Target, such as sql-dev/orders or sql-dev" isFirst />
        <Search name="cluster" title="Cluster" />
        <Search name="namespace" title="Namespace (full name)" />
        <Search name="team" title="Team" />
      </FilterBar>
      <Loaded resource={resource} what="who reaches what">
        {(page) => <Rows key={address} page={page} />}
      </Loaded>
      {param("target") !== "" && <OtherAccessSection key={param("target")} target={param("target")} />}
    </Page>
  );
}

function Rows({ page }: { readonly page: AccessPageDocument }) {
  const rows = useSignal<readonly AccessDocument[]>(page.value);
  const nextLink = useSignal(page.nextLink);
  useEffect(() => {
    rows.value = page.value;
    nextLink.value = page.nextLink;
  }, [page]);
  return (
    <>
      {rows.value.length === 0 ? (
        <Empty
          title={`No namespace that you may see reaches ${names.some((name) => param(name) !== "") ? "that" : "anything"}.`}
        >
          <p>You see your teams' namespaces, and every target that one of them has or has asked for.</p>
        </Empty>
      ) : (
        <ul class="rows access">
          {rows.value.map((each) => (
            <Row key={keyOf(each)} access={each} />
          ))}
        </ul>
      )}
      <Older
        of="GET /api/access"
        nextLink={nextLink}
        onPage={(more) => {
          rows.value = [...rows.value, ...more];
        }}
        shown={rows.value.length}
        one="target"
        order="by namespace"
      />
      {affectedBy(rows.value).map((each) => (
        <Removal key={each.effects.join()} {...each} />
      ))}
    </>
  );
}

/** A target has a row for each state. */
function keyOf({ cluster, namespace, kind, target, state, access }: AccessDocument): string {
  return `${cluster}/${namespace} ${kind} ${target} ${state} ${access.join()}`;
}

function Removal({ namespaces, effects }: Affected) {
  const name = param("target") || param("cluster") || param("team");
  return (
    <section>
      <h2>If {name} leaves the catalog</h2>
      <p>For {namespaces.join(", ")}:</p>
      <ul>
        {effects.map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
    </section>
  );
}

function Row({ access: each }: { readonly access: AccessDocument }) {
  const { cluster, namespace, team, state, target, access, since, until, operation, requestedBy, approvedBy } = each;
  const { through, removal, others } = each;
  return (
    <li class="row" data-row>
      <span class="row-status">
        <Tags of={access} />
      </span>
      <div class="row-main">
        <p>
          <a href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>
        </p>
        <p>
          <code class="target">{target}</code>
          {through !== undefined && <span class="muted"> by the identity of {through}</span>}
          <Ends at={until} />
        </p>
        <Standing state={state} leaves={removal ?? false} />
        {removal && (
          <p>
            <a href={to.operation(removal.operation)}>Removal asked for by {removal.requestedBy ?? "nobody known"}</a>
          </p>
        )}
        {others.map(({ code, field, found }) => (
          <p class="bad" key={`${code} ${field}`}>{`not by Mooring: ${field} (${found})`}</p>
        ))}
      </div>
      <span class="row-who">
        {requestedBy ?? ""}
        {team !== undefined && <span class="muted">{requestedBy === undefined ? team : ` · ${team}`}</span>}
        {approvedBy.length > 0 && <span class="muted"> · approved by {approvedBy.join(", ")}</span>}
      </span>
      <span class="row-time">
        {operation !== undefined && (
          <a href={to.operation(operation)}>{since === undefined ? "operation" : <Time at={since} />}</a>
        )}
      </span>
    </li>
  );
}
