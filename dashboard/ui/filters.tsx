/** Filters are kept in the address, and active ones are listed. */
import type { ComponentChildren } from "preact";
import { param, setParams } from "../app/router.ts";
import { words } from "./words.ts";

/** On wide screens the filters start open. */
const isWide = matchMedia("(min-width: 56rem)").matches;

/** The name of each filter in the list of active ones, and how to show its value unless that is free text. */
export type FilterNames = Readonly<Record<string, string | readonly [title: string, say: (value: string) => string]>>;

export function FilterBar({ names, children }: { readonly names: FilterNames; readonly children: ComponentChildren }) {
  const on = Object.entries(names).flatMap(([name, shown]) => {
    const value = param(name);
    const [title, say] = typeof shown === "string" ? [shown, String] : shown;
    return value === "" ? [] : [{ name, text: `${title}: ${say(value)}` }];
  });
  return (
    <search class="filters">
      <details open={isWide}>
        <summary>Filters</summary>
        <div class="filter-fields">{children}</div>
      </details>
      {on.length > 0 && (
        <p class="filters-on">
          <span>Filtered:</span>
          {on.map(({ name, text }) => (
            <button
              type="button"
              class="chip on"
              key={name}
              onClick={() => setParams({ [name]: "", page: "" })}
              aria-label={`Remove the filter ${text}`}
            >
              {text} <span aria-hidden="true">✕</span>
            </button>
          ))}
          <button
            type="button"
            class="quiet"
            onClick={() => setParams(Object.fromEntries([...Object.keys(names), "page"].map((name) => [name, ""])))}
          >
            Clear all
          </button>
        </p>
      )}
    </search>
  );
}

export function Choice({
  name,
  title,
  options,
  any = "any",
}: {
  readonly name: string;
  readonly title: string;
  readonly options: readonly (string | readonly [value: string, text: string])[];
  readonly any?: string;
}) {
  const chosen = param(name);
  const all = options.map((option) => (typeof option === "string" ? ([option, words(option)] as const) : option));
  // The address may contain a value that does not exist, or no longer does.
  if (chosen !== "" && !all.some(([value]) => value === chosen)) all.push([chosen, chosen]);
  return (
    <label class="field">
      <span class="visually-hidden">{title}</span>
      <select value={chosen} onChange={(event) => setParams({ [name]: event.currentTarget.value, page: "" })}>
        <option value="">{`${title}: ${any}`}</option>
        {all.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Takes effect when the user commits the text, unless `isImmediate`. */
export function Search({
  name,
  title,
  isFirst = false,
  isImmediate = false,
}: {
  readonly name: string;
  readonly title: string;
  readonly isFirst?: boolean;
  readonly isImmediate?: boolean;
}) {
  const set = (value: string) => setParams({ [name]: value.trim(), page: "" }, { replace: isImmediate });
  return (
    <label class="field">
      <span class="visually-hidden">{title}</span>
      <input
        type="search"
        placeholder={title}
        spellcheck={false}
        value={param(name)}
        data-search={isFirst ? "" : undefined}
        onInput={isImmediate ? (event) => set(event.currentTarget.value) : undefined}
        onChange={isImmediate ? undefined : (event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

/** One-click filters for the most common searches. */
export function QuickFilters({
  title,
  choices,
}: {
  readonly title: string;
  readonly choices: readonly { readonly text: string; readonly params: Readonly<Record<string, string>> }[];
}) {
  return (
    <fieldset class="quick" aria-label={title}>
      {choices.map(({ text, params }) => {
        const isOn = Object.entries(params).every(([name, value]) => param(name) === value);
        return (
          <button
            type="button"
            class="chip"
            aria-pressed={isOn}
            key={text}
            onClick={() => setParams({ ...params, page: "" })}
          >
            {text}
          </button>
        );
      })}
    </fieldset>
  );
}
