/** A request, and how it differs from the previous one. */
import type { OnboardingRequestOutput } from "../service/documents.ts";
import { Block } from "../ui/copy.tsx";
import { Facts } from "../ui/page.tsx";
import { type Difference, Differences } from "../ui/plan.tsx";
import { words } from "../ui/words.ts";

type Request = OnboardingRequestOutput;

export function RequestView({
  request,
  replaces,
}: {
  readonly request: Request;
  readonly replaces?: Request | undefined;
}) {
  const { cluster, namespace, team, identityMode, selector, serviceAccount, databases } = request;
  const { adoptionPolicy, deletePolicy } = request;
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
          identityMode === "podIdentity" ? ["Selector", selector ?? namespace] : ["Service account", serviceAccount],
          ["Existing objects that are not Mooring's", adoptionWords[adoptionPolicy]],
          ["Namespace after offboarding", deletePolicy === "Keep" ? "kept" : "removed if Mooring created it"],
        ]}
      />
      <Targets of={databases} />
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

export function Targets({ of }: { readonly of: Request["databases"] }) {
  return (
    <ul class="targets">
      {of.map(({ server, database, roles }) => (
        <li key={`${server}/${database}`}>
          <code>
            {server}/{database}
          </code>{" "}
          {roles.map((role) => (
            <span class="tag" key={role}>
              {role}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

export function differencesOf(before: Request, after: Request): readonly Difference[] {
  const [old, fresh] = [flatten(before), flatten(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((field) => {
    const [current, desired] = [old.get(field) ?? null, fresh.get(field) ?? null];
    return current === desired ? [] : [{ field, current, desired }];
  });
}

/** Databases are keyed by name, so that their order in the list does not matter. */
function flatten({ databases, ...fields }: Request): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(fields).map(([field, value]) => [field, String(value)] as const),
    ...databases.map(({ server, database, roles }) => [`${server}/${database}`, [...roles].sort().join(", ")] as const),
  ]);
}

/** The address parameters that fill the form with these fields. */
export function requestParams(request: Partial<Request>): Record<string, string> {
  const { databases = [], ...fields } = request;
  return {
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])),
    ...(databases.length === 0
      ? {}
      : {
          databases: databases
            .map(({ server, database, roles }) => `${server}/${database}=${roles.join("+")}`)
            .join(","),
        }),
  };
}
