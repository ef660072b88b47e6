/** The end of a list that loads page by page, newest first: how many are shown, and a button for more. */
import { batch, type Signal, useSignal } from "@preact/signals";
import { get } from "../service/client.ts";
import type { PageOf } from "../service/soFar.ts";
import { Failure } from "./states.tsx";
import { count } from "./words.ts";

export function Older<Row>({
  nextLink,
  onPage,
  shown,
  one,
  many = `${one}s`,
  order = "newest first",
}: {
  /** The link to the next page; updated with each page. */
  readonly nextLink: Signal<string | undefined>;
  readonly onPage: (rows: readonly Row[]) => void;
  readonly shown: number;
  /** The noun for one row. */
  readonly one: string;
  readonly many?: string;
  readonly order?: string;
}) {
  const isLoading = useSignal(false);
  const error = useSignal<Error | undefined>(undefined);
  const load = async () => {
    if (nextLink.value === undefined) return;
    isLoading.value = true;
    error.value = undefined;
    try {
      const page = await get<PageOf<Row>>(nextLink.value);
      batch(() => {
        onPage(page.value);
        nextLink.value = page.nextLink;
      });
    } catch (reason) {
      error.value = reason instanceof Error ? reason : new Error(String(reason));
    }
    isLoading.value = false;
  };
  return (
    <div class="more">
      {shown > 0 && (
        <p class="muted">
          {count(shown, one, many)} shown, {order}.
        </p>
      )}
      {error.value && <Failure error={error.value} what={`older ${many}`} />}
      {nextLink.value !== undefined && (
        <button type="button" onClick={load} disabled={isLoading.value}>
          {isLoading.value ? "Loading …" : order === "newest first" ? "Show older" : "Show more"}
        </button>
      )}
    </div>
  );
}
