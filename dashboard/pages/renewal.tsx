/** Moving the end of a namespace's access, of all of it or of one target: the change that it is, with its plan. */

import { useSignal } from "@preact/signals";
import { renewed, targetsOf } from "../../clients/request.ts";
import { defined } from "../../src/domain/defined.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import { navigate, to } from "../app/router.ts";
import { isIn } from "../service/session.ts";
import { ask } from "../ui/change.tsx";

export function Renew({ of: namespace, reload }: { readonly of: Namespace; readonly reload: () => void }) {
  const key = useSignal("");
  const end = useSignal(inDays(30));
  if (!isIn("Onboarding.Request")) return null;
  const { request, team, etag: ifMatch } = namespace;
  const keys = key.value === "" ? [] : [key.value];
  const renew = (event: Event) => {
    event.preventDefault();
    ask({
      title: "Renew this access?",
      verb: "Renew",
      call: { route: "POST /api/onboardings" },
      // Whoever sends it, it stays its team's.
      body: defined({ ...renewed(request, { end: `${end.value}T00:00:00Z`, keys }), team }),
      ifMatch,
      reload,
      done: ({ id }) => navigate(to.operation(id)),
    });
  };
  return (
    <form class="actions" onSubmit={renew}>
      <label class="field inline">
        <span>renew</span>
        <select
          value={key.value}
          onChange={(event) => {
            key.value = event.currentTarget.value;
          }}
        >
          <option value="">everything</option>
          {targetsOf(request).map((each) => (
            <option key={each.key} value={each.key}>
              {each.key}
            </option>
          ))}
        </select>
      </label>
      <label class="field inline">
        <span>until (UTC)</span>
        <input
          type="date"
          value={end.value}
          min={inDays(1)}
          required
          onInput={(event) => {
            end.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit">Renew …</button>
    </form>
  );
}

/** `2027-01-31` */
function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
