/** A request, and how it differs from the previous one. */
import type { ComponentChildren } from "preact";
import { accessIn, isAsked, stateInWords } from "../../clients/access.ts";
import {
  adoptionPolicies,
  deletePolicies,
  differencesOf,
  othersOf,
  type PlainField,
  settingsOf,
  targetsOf,
} from "../../clients/request.ts";
import type { AccessDocument } from "../../src/domain/documents/access.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import type { OnboardingRequest as OnboardingRequestOutput } from "../../src/domain/request/request.ts";
import { Block } from "../ui/copy.tsx";
import { Ends } from "../ui/grants.tsx";
import { Facts } from "../ui/page.tsx";
import { Differences } from "../ui/plan.tsx";
import { Tags } from "../ui/tags.tsx";
import { Time } from "../ui/time.tsx";
import { words } from "../ui/words.ts";

type Request = OnboardingRequestOutput;
type State = AccessDocument["state"];

export function RequestView({
  request,
  replaces,
}: {
  readonly request: Request;
  readonly replaces?: Request | undefined;
}) {
  const differences = replaces ? differencesOf(replaces, request) : [];
  return (
    <>
      {replaces && (
        <>
          <p>Changes from the previous request:</p>
          {differences.length > 0 ? <Differences of={differences} /> : <p class="muted">No differences.</p>}
        </>
      )}
      <Facts of={[...settingsOfRequest(request)]} />
      <Targets of={request} />
      <details>
        <summary>As JSON</summary>
        <Block text={JSON.stringify(request, null, 2)} what="the request" />
      </details>
    </>
  );
}

/** Everything that it says besides its targets, but for what the page shows elsewhere. */
export function settingsOfRequest(
  request: object,
  shown: readonly PlainField[] = [],
): readonly (readonly [title: string, value: ComponentChildren])[] {
  const settings = settingsOf(request).filter(({ field }) => !shown.includes(field));
  return [...settings.map(({ field, title, value }) => [title, views[field](value)] as const), ...othersOf(request)];
}

const plainly = (value: string) => value;

/** Total: a field that is missing here does not compile. */
const views: { readonly [F in PlainField]: (value: string) => ComponentChildren } = {
  cluster: plainly,
  namespace: plainly,
  team: plainly,
  identityMode: words,
  serviceAccount: plainly,
  selector: plainly,
  namespaceProfile: plainly,
  sharedIdentity: plainly,
  adoptionPolicy: (value) => adoptionPolicies[value as Request["adoptionPolicy"]] ?? value,
  deletePolicy: (value) => deletePolicies[value as Request["deletePolicy"]] ?? value,
  expiresAt: (value) => <Time at={value} />,
  expiresAfter: plainly,
};

/** What the request asks for, on targets of every kind. */
function Targets({ of }: { readonly of: object }) {
  return (
    <ul class="targets">
      {targetsOf(of).map(({ noun, key, access, end }) => (
        <li key={`${noun} ${key}`} title={noun}>
          <code>{key}</code> <Tags of={access} />
          <Ends at={end} />
        </li>
      ))}
    </ul>
  );
}

/** What a namespace has, and apart from it what is asked for or being removed. */
export function Access({ of }: { readonly of: Namespace }) {
  return (
    <ul class="targets">
      {accessIn(of).map(({ kind, target, access, state, until, isLeaving }) => (
        <li key={`${kind} ${target} ${state} ${access.join()}`} title={kind}>
          <code>{target}</code> <Tags of={access} />
          <Ends at={until} /> <Standing state={state} leaves={isLeaving} />
        </li>
      ))}
    </ul>
  );
}

/** Nothing for what is simply in force. */
export function Standing({
  state,
  leaves,
}: {
  readonly state: State;
  readonly leaves: Parameters<typeof stateInWords>[1];
}) {
  if (state === "inForce" && leaves === false) return null;
  const tone = isAsked({ state }) ? "waiting" : state === "unknown" ? "bad" : "busy";
  return (
    <span class={`status ${tone}`}>
      <span>{stateInWords(state, leaves)}</span>
    </span>
  );
}
