/** A request, and how it differs from the previous one. */
import { podsNameIn } from "../../clients/modes.ts";
import { differencesOf, othersOf, targetsOf } from "../../clients/request.ts";
import type { OnboardingRequest as OnboardingRequestOutput } from "../../src/domain/request/request.ts";
import { Block } from "../ui/copy.tsx";
import { Facts } from "../ui/page.tsx";
import { Differences } from "../ui/plan.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";

type Request = OnboardingRequestOutput;

export function RequestView({
  request,
  replaces,
}: {
  readonly request: Request;
  readonly replaces?: Request | undefined;
}) {
  const { cluster, namespace, team, identityMode } = request;
  const pods = podsNameIn(request);
  const { adoptionPolicy, deletePolicy, expiresAt } = request;
  const differences = replaces ? differencesOf(replaces, request) : [];
  return (
    <>
      {replaces && (
        <>
          <p>Changes from the previous request:</p>
          {differences.length > 0 ? <Differences of={differences} /> : <p class="muted">No differences.</p>}
        </>
      )}
      <Facts
        of={[
          ["Namespace", `${cluster}/${namespace}`],
          ["Team", team],
          ["Identity mode", words(identityMode)],
          [pods.title, pods.value],
          ["Existing objects that are not Mooring's", adoptionWords[adoptionPolicy]],
          ["Namespace after offboarding", deletePolicy === "Keep" ? "kept" : "removed if Mooring created it"],
          ["Access ends", expiresAt && <Time at={expiresAt} />],
          ...othersOf(request),
        ]}
      />
      <Targets of={request} />
      <details>
        <summary>As JSON</summary>
        <Block text={JSON.stringify(request, null, 2)} what="the request" />
      </details>
    </>
  );
}

const adoptionWords = {
  Never: "block the request",
  IfIdentical: "taken over if identical",
  Always: "taken over",
} as const satisfies Record<Request["adoptionPolicy"], string>;

/** What the request asks for, on targets of every kind. */
export function Targets({ of }: { readonly of: object }) {
  return (
    <ul class="targets">
      {targetsOf(of).map(({ noun, key, access, end }) => (
        <li key={`${noun} ${key}`} title={noun}>
          <code>{key}</code>{" "}
          {access.map((each) => (
            <span class="tag" key={each}>
              {each}
            </span>
          ))}
          {end !== undefined && (
            <span class="muted">
              {" "}
              ends <Time at={end} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
