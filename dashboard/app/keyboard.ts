/** All keyboard shortcuts. Letters are shortcuts unless the focus is in a text field. */
import { signal } from "@preact/signals";
import { exactTimes } from "./preferences.ts";
import { base, navigate } from "./router.ts";

export const isHelpOpen = signal(false);

const pages: Readonly<Record<string, string>> = {
  o: "operations",
  p: "approvals",
  n: "namespaces",
  r: "new",
  b: "batches",
  a: "audit",
  e: "access",
  c: "catalog",
};

export const keys: readonly (readonly [keys: string, what: string])[] = [
  ["j / k", "next or previous row"],
  ["Enter", "open the selected row"],
  ["/", "jump to the filter or the first field"],
  [
    "g then o, p, n, r, b, e, a, c",
    "go to Operations, Approvals, Namespaces, New request, Batches, Access, Audit, Catalog",
  ],
  ["t", "switch between exact and relative times"],
  ["?", "show these shortcuts"],
  ["Esc", "close the dialog"],
];

let isGoing = false;

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (isGoing) {
      isGoing = false;
      const page = pages[event.key];
      if (page !== undefined) navigate(`${base}/${page}`);
      return;
    }
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

const actions: Readonly<Record<string, () => void>> = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => {
    const field = document.querySelector<HTMLElement>("[data-search]");
    field?.closest("details")?.setAttribute("open", "");
    field?.focus();
  },
  "?": () => {
    isHelpOpen.value = true;
  },
  t: () => {
    exactTimes.value = !exactTimes.value;
  },
  g: () => {
    isGoing = true;
    setTimeout(() => {
      isGoing = false;
    }, 1_500);
  },
};

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}

/** Selects a row by focusing it, so that Enter and screen readers work as usual. */
function move(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const current = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = current < 0 ? rows[by === 1 ? 0 : rows.length - 1] : rows[current + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
