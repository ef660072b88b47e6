/** Relative times, with the exact time in the tooltip. */
import { computed, signal, useComputed } from "@preact/signals";
import { exactTimes } from "../app/preferences.ts";

export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);
document.addEventListener("visibilitychange", () => {
  now.value = Date.now();
});

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const zone = computed(() => Intl.DateTimeFormat().resolvedOptions().timeZone);

function exact(time: number): string {
  return `${clock.format(time)} (${zone.value})`;
}

export function Time({ at }: { readonly at: string | number | undefined }) {
  const time = typeof at === "number" ? at : Date.parse(at ?? "");
  const text = useComputed(() => (exactTimes.value ? clock.format(time) : ago(now.value - time)));
  if (Number.isNaN(time)) return <span class="muted">–</span>;
  return (
    <time dateTime={new Date(time).toISOString()} title={exact(time)}>
      {text}
    </time>
  );
}

/** The time between two moments, or up to now. */
export function Duration({
  from,
  until,
  withoutMs = 0,
}: {
  readonly from: string | undefined;
  readonly until?: string | undefined;
  /** Not counted. */
  readonly withoutMs?: number;
}) {
  const start = Date.parse(from ?? "") + withoutMs;
  const end = Date.parse(until ?? "");
  const text = useComputed(() => span((Number.isNaN(end) ? now.value : end) - start));
  if (Number.isNaN(start)) return <span class="muted">–</span>;
  return <span class="number">{text}</span>;
}

function ago(ms: number): string {
  if (ms < -1_500) return `in ${span(-ms)}`;
  if (ms < 5_000) return "just now";
  return `${span(ms, 1)} ago`;
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** The one or two largest units: `4 min 10 s`. */
export function span(ms: number, parts: 1 | 2 = 2): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 1 && parts === 2) return `${Math.round(Math.max(0, ms))} ms`;
  if (seconds < 10 && parts === 2) return `${seconds.toFixed(1)} s`;
  let rest = Math.floor(seconds);
  const words: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (count === 0 && !(unit === "s" && words.length === 0)) {
      if (words.length > 0) break;
      continue;
    }
    words.push(`${count} ${unit}`);
    rest -= count * size;
    if (words.length === parts) break;
  }
  return words.join(" ");
}
