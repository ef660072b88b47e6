/** Who else reaches one target. Nothing is read until somebody asks, for that takes a look at the target itself. */

import { useSignal } from "@preact/signals";
import { count } from "../../src/domain/count.ts";
import type { OtherAccess, OtherAccessPage } from "../../src/domain/documents/otherAccess.ts";
import { to } from "../app/router.ts";
import { addressOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { useTask } from "../service/task.ts";
import { Fix } from "../ui/fix.tsx";
import { Older } from "../ui/older.tsx";
import { Section } from "../ui/page.tsx";
import { Empty, Failure } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";

export function OtherAccessSection({ target }: { readonly target: string }) {
  const read = useSignal<OtherAccessPage | undefined>(undefined);
  const { isRunning, error, run } = useTask(async () => {
    read.value = await get(addressOf({ route: "GET /api/access/others", query: { target, top: "100" } }));
  });
  return (
    <Section title="Not by Mooring">
      <p class="muted">Users, roles and assignments that no namespace asked Mooring for.</p>
      <p>
        <button type="button" onClick={run} disabled={isRunning}>
          {isRunning ? "Reading …" : `Read ${target} now`}
        </button>
      </p>
      <div aria-live="polite">
        {error && <Failure error={error} what={`who else reaches ${target}`} />}
        {!error && read.value && <Others key={read.value.readTime} page={read.value} />}
      </div>
    </Section>
  );
}

function Others({ page }: { readonly page: OtherAccessPage }) {
  const rows = useSignal<readonly OtherAccess[]>(page.value);
  const nextLink = useSignal(page.nextLink);
  const { target, readTime, unnamed, error } = page;
  if (error)
    return (
      <div class="failure" role="alert">
        <p class="empty-title">{target} cannot be read, so nobody knows who else reaches it.</p>
        <p>{error.message}</p>
        <p class="fix">
          <Fix of={error} />
        </p>
      </div>
    );
  return (
    <>
      <p>
        Read <Time at={readTime} />.{unnamed > 0 && ` ${count(unnamed, "other")} visible to operators only.`}
      </p>
      {rows.value.length === 0 && unnamed === 0 ? (
        <Empty title="Nobody else reaches it." />
      ) : (
        <ul class="rows access">
          {rows.value.map((each) => (
            <Row key={`${each.type} ${each.name}`} access={each} />
          ))}
        </ul>
      )}
      <Older
        of="GET /api/access/others"
        nextLink={nextLink}
        onPage={(more) => {
          rows.value = [...rows.value, ...more];
        }}
        shown={rows.value.length}
        one="other"
        order="by name"
      />
    </>
  );
}

function Row({ access: { name, type, cluster, namespace, isMooring, rights } }: { readonly access: OtherAccess }) {
  return (
    <li class="row" data-row>
      <div class="row-main">
        <p>
          <code class="target">{name}</code> <span class="muted">{type}</span>
          {isMooring && <span class="muted"> · Mooring itself</span>}
          {cluster !== undefined && namespace !== undefined && (
            <>
              {" "}
              · <a href={to.namespace(cluster, namespace)}>{`${cluster}/${namespace}`}</a>
            </>
          )}
        </p>
        {rights.map(({ right, scope, by }) => (
          <p key={`${right} ${scope} ${by}`}>
            {right}
            {scope !== undefined && (
              <span class="muted">
                {" "}
                at <code class="target">{scope}</code>
              </span>
            )}
            {by === "mooring" && <span class="muted"> · by Mooring for another target</span>}
          </p>
        ))}
      </div>
    </li>
  );
}
