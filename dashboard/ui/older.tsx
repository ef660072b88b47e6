/** The end of a list that loads page by page, newest first: how many are shown, and a button for more. */
import { batch, type Signal } from "@preact/signals";
import type { DocumentOf, ListRoute } from "../../clients/api.ts";
import { count } from "../../src/domain/count.ts";
import { nextOf } from "../service/address.ts";
import { get } from "../service/client.ts";
import { useTask } from "../service/task.ts";
import { Failure } from "./states.tsx";

export function Older<R extends ListRoute>({
  of,
  nextLink,
  onPage,
  shown,
  one,
  many = `${one}s`,
  order = "newest first",
}: {
  /** The list. */
  readonly of: R;
  /** The link to the next page; updated with each page. */
  readonly nextLink: Signal<string | undefined>;
  readonly onPage: (rows: DocumentOf<R>["value"]) => void;
  readonly shown: number;
  /** The noun for one row. */
  readonly one: string;
  readonly many?: string;
  readonly order?: string;
}) {
  const { isRunning, error, run } = useTask(async () => {
    const next = nextOf(of, { nextLink: nextLink.value });
    if (next === undefined) return;
    const page = await get(next);
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
