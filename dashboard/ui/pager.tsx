import { setParams } from "../app/router.ts";

/** Pages instead of endless scrolling, so that the browser's search works and every page has an address. */
export function Pager({
  page,
  size,
  total,
  what,
}: {
  readonly page: number;
  readonly size: number;
  readonly total: number;
  readonly what: string;
}) {
  const last = Math.max(1, Math.ceil(total / size));
  const go = (next: number) => {
    setParams({ page: next === 1 ? "" : String(next) });
    scrollTo({ top: 0 });
  };
  if (last === 1) return null;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <button type="button" disabled={page <= 1} onClick={() => go(page - 1)}>
        <span aria-hidden="true">‹</span> Previous
      </button>
      <span>
        {((page - 1) * size + 1).toLocaleString()}–{Math.min(total, page * size).toLocaleString()} of{" "}
        {total.toLocaleString()}
      </span>
      <button type="button" disabled={page >= last} onClick={() => go(page + 1)}>
        Next <span aria-hidden="true">›</span>
      </button>
    </nav>
  );
}
