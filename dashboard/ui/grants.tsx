/** What a request gives and takes away, target by target. */
import { type Grant, grantsOf, type Sent } from "../../clients/request.ts";
import { Tags } from "./tags.tsx";
import { Time } from "./time.tsx";

const hows: { readonly [H in Grant["how"]]: string } = { gets: "gets", loses: "loses", keeps: "has already" };

interface Shown {
  readonly of: Sent;
  readonly replaces?: Sent | undefined;
  /** What goes is said elsewhere. */
  readonly withoutLosses?: boolean;
}

export function Grants({ of, replaces, withoutLosses = false }: Shown) {
  const shown = grantsOf(of, replaces).filter(({ how }) => how !== "loses" || !withoutLosses);
  return (
    <ul class="targets">
      {shown.map(({ how, noun, key, access, end }) => (
        <li key={`${how} ${noun} ${key}`} title={noun}>
          {how === "keeps" ? <span class="muted">{hows[how]}</span> : <strong>{hows[how]}</strong>} <code>{key}</code>{" "}
          <Tags of={access} />
          <Ends at={end} />
        </li>
      ))}
    </ul>
  );
}

export function Ends({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return null;
  return (
    <span class="muted">
      {" "}
      ends <Time at={at} />
    </span>
  );
}
