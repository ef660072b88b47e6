/** Which namespaces to select, with the same flags for a list and for a batch. */
import { quoteWord } from "../../src/domain/naming/quoteWord.ts";
import type { NamespaceFilter } from "../../src/domain/operation/namespaceFilter.ts";
import { suggest } from "../../src/domain/suggest.ts";
import type { Flags } from "../arguments/flags.ts";
import { UsageError } from "../failures.ts";

export const filterFlags = {
  filter: {
    value: "field=value,…",
    many: true,
    summary:
      "Namespaces that match all of these: cluster, team, state, identityMode, findings (any, none, a severity or a code)",
  },
} as const satisfies Flags;

const everyField: { readonly [Field in keyof NamespaceFilter]-?: true } = {
  cluster: true,
  team: true,
  state: true,
  identityMode: true,
  findings: true,
};
const fields = Object.keys(everyField);

/** The service checks the values. */
export function readFilter(texts: readonly string[]): NamespaceFilter {
  const filter: Record<string, string> = {};
  for (const part of texts.flatMap((text) => text.split(","))) {
    const [field = "", value = "", ...more] = part.split("=");
    if (!fields.some((each) => each === field)) {
      const meant = suggest(field, fields);
      throw new UsageError(
        `--filter does not know "${field}"; it takes ${fields.join(", ")}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
      );
    }
    if (value === "" || more.length > 0) throw new UsageError(`--filter is "${part}"; write it as ${field}=value.`);
    if (field in filter) throw new UsageError(`--filter says ${field} twice; a namespace has one.`);
    filter[field] = value;
  }
  return filter as NamespaceFilter;
}

/** As --filter takes it, for a command that a person pastes into a shell. */
export function printFilter(filter: NamespaceFilter): string {
  return quoteWord(
    Object.entries(filter)
      .map(([field, value]) => `${field}=${value}`)
      .join(","),
  );
}
