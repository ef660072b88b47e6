/** How long ago something was, as kubectl shows it: `45s`, `3m12s`, `5h`, `12d`. */
import type { KubeObject } from "../object.ts";

export function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  const both = (much: number, unit: string, little: number, small: string) =>
    little === 0 ? `${much}${unit}` : `${much}${unit}${little}${small}`;
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return both(days, "d", hours % 24, "h");
  return days < 365 * 2 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

export function ageOf({ metadata }: KubeObject, now: Date): string {
  return metadata.creationTimestamp === "" ? "<unknown>" : age(new Date(metadata.creationTimestamp), now);
}
