/** Times in units that people compare: an age of `12s`, `5m`, `3h` or `8d`; a duration of `1.2 s`. */
export function age(time: string | undefined, now: Date): string {
  if (time === undefined) return "";
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1_000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3_600) return `${Math.round(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3_600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** How far ahead a time is: `in 8d`, or `5m ago` if it has passed. */
export function ahead(time: string | undefined, now: Date): string {
  if (time === undefined || Number.isNaN(Date.parse(time))) return "";
  const left = Date.parse(time) - now.getTime();
  return left <= 0 ? `${age(time, now)} ago` : `in ${age(new Date(now.getTime() - left).toISOString(), now)}`;
}

/** Up to now if it has not ended. */
export function duration(start: string | undefined, end: string | undefined, now: Date): string {
  if (start === undefined) return "";
  const ms = (end === undefined ? now.getTime() : Date.parse(end)) - Date.parse(start);
  return span(Math.max(0, ms) / 1_000);
}

export function span(seconds: number): string {
  if (Number.isNaN(seconds)) return "";
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
