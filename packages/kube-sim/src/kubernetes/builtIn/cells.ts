/** What the cells of tables have in common (k8s.io/kubernetes/pkg/printers/internalversion). */
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, stringsAt } from "../json.ts";
import type { KubeObject } from "../object.ts";

export type Printer = (object: KubeObject, now: Date) => Json[];

export const none = "<none>";
export const unknown = "<unknown>";

/** Rounded to a readable unit: `45s`, `3m12s`, `5h`, `12d`. */
export function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  return duration(seconds);
}

export function ageOf({ metadata }: KubeObject, now: Date): string {
  return metadata.creationTimestamp === "" ? unknown : age(new Date(metadata.creationTimestamp), now);
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  return days < 365 * 2 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

export const named =
  (print: Printer): Printer =>
  (object, now) => [object.metadata.name, ...print(object, now)];
export const count = (object: KubeObject, ...path: string[]) => numberAt(object, ...path) ?? 0;
export const created: Printer = named(({ metadata }) => [metadata.creationTimestamp]);
export const size = (object: KubeObject, ...fields: string[]) =>
  fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field)).length, 0);

export function containersOf(spec: JsonObject): Json[] {
  const containers = listAt(spec, "containers");
  const join = (field: string) => containers.map((each) => stringAt(each, field) ?? "").join(",");
  return [join("name"), join("image")];
}

export function selectorText(selector: JsonObject): string {
  const labels = Object.entries(stringsAt(selector, "matchLabels")).map(([key, value]) => `${key}=${value}`);
  const expressions = listAt(selector, "matchExpressions").map((each) => {
    const values = listAt(each, "values").join(",");
    const key = stringAt(each, "key") ?? "";
    switch (stringAt(each, "operator")) {
      case "In":
        return `${key} in (${values})`;
      case "NotIn":
        return `${key} notin (${values})`;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return key;
    }
  });
  const all = [...labels, ...expressions].toSorted();
  return all.length === 0 ? none : all.join(",");
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return all.length === 0 ? none : all.toSorted().join(",");
}

/** How a volume may be used, in short. */
export function modesText(modes: readonly Json[]): string {
  const short: Readonly<Record<string, string>> = {
    ...{ ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" },
  };
  return modes.map((mode) => short[String(mode)] ?? "").join(",");
}

/** The first ones, and how many there are besides. */
export function firstOf(all: readonly string[], most = 3): string {
  if (all.length === 0) return none;
  const more = all.length - most;
  return more > 0 ? `${all.slice(0, most).join(",")} + ${more} more...` : all.join(",");
}
