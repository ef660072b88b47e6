/** What all kinds of target have in common: the entries of a request, each with a key and with words for what it gives. */
import { compareText } from "../canonicalJson.ts";
import { type Expiry, expiryOf } from "../expiry.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import type { DanglingName, TargetExpiry } from "./target.ts";

/** The field of a request, or of a rule, that holds it; absent where there is none. */
type In<Field extends string, Value> = { readonly [K in Field]?: Value | undefined };

interface Described<Field extends string, WordsField extends string, Word extends string, Entry, Catalog, Rights> {
  readonly field: Field;
  readonly wordsField: WordsField;
  /** The field of an entry that refusals point at where a team may have nothing there. */
  readonly nameField: string;
  /** In the singular, for people: `database`, `role`. */
  readonly noun: string;
  readonly word: string;
  keyOf(entry: Entry): string;
  /** The words that the catalog offers; undefined if it does not list that. */
  offered(catalog: Catalog, key: string): readonly Word[] | undefined;
  /** What a team may ask for, and where its rights say so. */
  rights(
    team: Rights,
  ): readonly { readonly path: readonly string[]; readonly key: string; readonly words: readonly Word[] }[];
  /** Whether those words give all that the word gives. */
  covers(words: readonly Word[], word: Word): boolean;
  /** Whether a change to these words revokes something that the word gave by itself. */
  narrows(next: readonly Word[], word: Word): boolean;
  /** Whether a rule about the first is one about the second, too. */
  rules(ruled: Word, word: Word): boolean;
}

export function entriesOf<
  const Field extends string,
  const WordsField extends string,
  Word extends string,
  Entry extends Expiry & Readonly<Record<WordsField, Word[]>>,
  Catalog,
  Rights,
>({ field, wordsField, ...kind }: Described<Field, WordsField, Word, Entry, Catalog, Rights>) {
  type Request = { readonly [K in Field]?: Entry[] };
  type Found = { [K in Field]: Entry[] };
  const { keyOf } = kind;
  const read = (request: Request): readonly Entry[] => request[field] ?? [];
  const listing = (entries: readonly Entry[]) => Object.fromEntries([[field, entries]]) as Found;
  const find = (request: Request, key: string) => read(request).find((each) => keyOf(each) === key);
  const wordsOf = (request: Request, key: string): readonly Word[] => find(request, key)?.[wordsField] ?? [];
  const wordsIn = (entry: Entry): readonly Word[] => entry[wordsField];
  const withWords = (entry: Entry, words: readonly Word[]): Entry => ({ ...entry, [wordsField]: words });
  const title = (text: string) => text[0]?.toUpperCase() + text.slice(1);

  const expiries = (request: Request): readonly TargetExpiry[] =>
    read(request).map((entry, index) => ({
      pointer: `/${field}/${index}`,
      key: keyOf(entry),
      expiry: expiryOf(entry),
    }));

  return {
    noun: kind.noun,
    keys: (request: Request) => read(request).map(keyOf),
    access: wordsOf,
    /** What another word gives, too, is not lost. */
    lost: (request: Request, earlier: Request, key: string): readonly Word[] =>
      wordsOf(earlier, key).filter((word) => !kind.covers(wordsOf(request, key), word)),
    replaced(request: Request, earlier: Request) {
      const isNarrowed = (entry: Entry) => {
        const next = find(request, keyOf(entry));
        return next !== undefined && entry[wordsField].some((word) => kind.narrows(next[wordsField], word));
      };
      return {
        removed: read(earlier)
          .filter((entry) => !find(request, keyOf(entry)))
          .map(keyOf),
        narrowed: read(earlier).filter(isNarrowed).map(keyOf),
      };
    },
    expiries,
    revised(request: Request, next: (target: TargetExpiry) => Expiry | undefined): Found {
      const found = expiries(request);
      return listing(
        read(request).flatMap(({ expiresAt: _at, expiresAfter: _after, ...entry }, index) => {
          const expiry = found[index] && next(found[index]);
          return expiry ? [{ ...entry, ...expiry } as Entry] : [];
        }),
      );
    },
    having(requests: readonly Request[], held: (key: string) => readonly string[]): Found {
      const every = requests.flatMap(read);
      const entries = every
        .filter((each, index) => every.findIndex((other) => keyOf(other) === keyOf(each)) === index)
        .map((each) => {
          const words = new Set(requests.flatMap((request) => wordsOf(request, keyOf(each))));
          return withWords(
            each,
            [...words].filter((word) => held(keyOf(each)).includes(word)),
          );
        });
      return listing(entries.filter((entry) => entry[wordsField].length > 0));
    },
    canonical(request: Request): Partial<Found> {
      if (!request[field]) return {};
      const sorted = read(request).map((entry) => withWords(entry, entry[wordsField].toSorted()));
      return listing(sorted.toSorted((a, b) => compareText(keyOf(a), keyOf(b))));
    },
    listed: (catalog: Catalog, request: Request): Partial<Found> =>
      request[field] ? listing(read(request).filter((entry) => kind.offered(catalog, keyOf(entry)))) : {},
    refusals(team: Rights, request: Request): readonly FieldProblem[] {
      const code = "NOT_ALLOWED" as const;
      const rights = kind.rights(team);
      return read(request).flatMap((entry, index) => {
        const allowed = rights.find(({ key }) => key === keyOf(entry))?.words;
        if (!allowed) {
          const detail = `is not a ${kind.noun} of the team; it has ${rights.map(({ key }) => key).join(", ") || "none"}`;
          return [{ pointer: `/${field}/${index}/${kind.nameField}`, code, detail }];
        }
        const refused = entry[wordsField].filter((word) => !allowed.includes(word));
        if (refused.length === 0) return [];
        const detail = `has ${refused.join(", ")}, which the team may not have there; it may have ${allowed.join(", ")}`;
        return [{ pointer: `/${field}/${index}/${wordsField}`, code, detail }];
      });
    },
    danglingInRights: (team: Rights, catalog: Catalog): readonly DanglingName[] =>
      kind.rights(team).flatMap(({ path, key, words }): readonly DanglingName[] => {
        const offered = kind.offered(catalog, key);
        if (!offered) return [{ path, message: `the catalog has no ${kind.noun} "${key}"` }];
        return words.flatMap((word, index) =>
          offered.includes(word)
            ? []
            : [{ path: [...path, index], message: `the catalog has no ${kind.word} ${word} on it` }],
        );
      }),
    /** The words with the names mean those words there. */
    approvals(
      rule: In<Field, readonly string[]> & In<WordsField, readonly Word[]>,
      request: Request,
      place: string,
    ): readonly string[] | undefined {
      const names = rule[field];
      const ofWords: In<WordsField, readonly Word[]> = rule;
      const ruled = ofWords[wordsField];
      if (!names && !ruled) return undefined;
      return read(request).flatMap((entry) => {
        const key = keyOf(entry);
        if (names && !names.includes(key)) return [];
        if (!ruled) return [`${title(kind.noun)} ${key}${place}`];
        return wordsIn(entry)
          .filter((word) => ruled.some((each) => kind.rules(each, word)))
          .map((word) => `${title(kind.word)} ${word} on ${key}${place}`);
      });
    },
  };
}
