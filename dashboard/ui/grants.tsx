/** What a request gives and takes away, target by target. */
import { type Grant, grantsOf, type Sent, settingsOf } from "../../clients/request.ts";
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
  const { namespace = "" } = Object.fromEntries(settingsOf(of).map(({ field, value }) => [field, value]));
  const say = (how: Grant["how"]) => `${namespace} ${hows[how]}`;
  const shown = grantsOf(of, replaces).filter(({ how }) => how !== "loses" || !withoutLosses);
  return (
    <ul class="targets">
      {shown.map(({ how, noun, key, access, end }) => (
        <li key={`${how} ${noun} ${key}`} title={noun}>
          {how === "keeps" ? <span class="muted">{say(how)}</span> : <strong>{say(how)}</strong>} <Tags of={access} />{" "}
          on <code>{key}</code>
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
