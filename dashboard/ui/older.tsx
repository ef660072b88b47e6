/** The end of a list that loads page by page, newest first: how many are shown, and a button for more. */
import { batch, type Signal } from "@preact/signals";
import { get } from "../service/client.ts";
import type { PageOf } from "../service/soFar.ts";
import { useTask } from "../service/task.ts";
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
  const { isRunning, error, run } = useTask(async () => {
    if (nextLink.value === undefined) return;
    const page = await get<PageOf<Row>>(nextLink.value);
    batch(() => {
      onPage(page.value);
      nextLink.value = page.nextLink;
    });
  });
  return (
    <div class="more">
      {shown > 0 && (
        <p class="muted">
          {count(shown, one, many)} shown, {order}.
        </p>
      )}
      {error && <Failure error={error} what={`older ${many}`} />}
      {nextLink.value !== undefined && (
        <button type="button" onClick={run} disabled={isRunning}>
          {isRunning ? "Loading …" : order === "newest first" ? "Show older" : "Show more"}
        </button>
      )}
    </div>
  );
}
