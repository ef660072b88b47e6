/**
 * Where a person was in each entry of the browser's history: how far they had scrolled, and how many rows they had loaded of the
 * lists. The browser restores the scroll position before a page has its data, when there is nothing to scroll, so we do it.
 */

interface Entry {
  readonly id: string;
  scrollY: number;
  /** By the address of the list. */
  readonly rows: Record<string, number>;
}

const entries = new Map<string, Entry>();
let current = entryOf(history.state);
history.scrollRestoration = "manual";

/** An entry that something else has made has no data of ours yet. */
function entryOf(state: Partial<Entry> | null): Entry {
  const { id = crypto.randomUUID(), scrollY: y = 0, rows = {} } = state ?? {};
  const entry = entries.get(id) ?? { id, scrollY: y, rows };
  entries.set(id, entry);
  return entry;
}

/** Adds an entry to the history, or gives the current one another address. */
export function writeAddress(url: URL, { replace }: { readonly replace: boolean }): void {
  if (replace) {
    history.replaceState(current, "", url);
    return;
  }
  const isOtherPage = url.pathname !== location.pathname;
  keepScroll();
  current = entryOf(null);
  history.pushState(current, "", url);
  stopComingBack();
  if (isOtherPage) scrollTo(0, 0);
}

/** Keeps where the person is in the entry that is shown, and returns to where they were in the one that the browser has gone to. */
export function enterEntry(): void {
  keepScroll();
  current = entryOf(history.state);
  history.replaceState(current, "");
  comeBack(current.scrollY);
}

/** After a reload of the document. */
export function beginEntries(): void {
  addEventListener("pagehide", () => {
    keepScroll();
    history.replaceState(current, "");
  });
  history.replaceState(current, "");
  if (current.scrollY > 0) comeBack(current.scrollY);
}

/** Until the page is where the person was, that is where they are. */
function keepScroll(): void {
  if (!isComingBack()) current.scrollY = scrollY;
}

export function rowsLoaded(list: string): number {
  return current.rows[list] ?? 0;
}

export function keepRowsLoaded(list: string, rows: number): void {
  current.rows[list] = rows;
}

/** Data that takes longer to arrive no longer moves the page. */
const longestMs = 10_000;
/** A page that has not changed its height for so long has its data. */
const settledMs = 1_000;
let coming: AbortController | undefined;

/** Whether the page is on its way to where the person was. */
export function isComingBack(): boolean {
  return coming !== undefined;
}

function stopComingBack(): void {
  coming?.abort();
}

/** Scrolls as soon as the page is long enough, and again while parts of it arrive, unless the person does something first. */
function comeBack(y: number): void {
  stopComingBack();
  const own = new AbortController();
  coming = own;
  let settled: ReturnType<typeof setTimeout> | undefined;
  const observer = new ResizeObserver(() => {
    scrollTo(0, y);
    clearTimeout(settled);
    // Otherwise the page is still too short.
    if (Math.abs(scrollY - y) < 2) settled = setTimeout(() => own.abort(), settledMs);
  });
  const timer = setTimeout(() => own.abort(), longestMs);
  own.signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
    clearTimeout(settled);
    if (coming === own) coming = undefined;
  });
  for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(act, () => own.abort(), { signal: own.signal, passive: true });
  }
  observer.observe(document.body);
}
