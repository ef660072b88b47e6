/**
 * Which instances a host may run, by the version with which each was started (learn.microsoft.com "Orchestration versioning in
 * Durable Functions"). The others are left for a host that may run them, or fail.
 */
import type { DurableSettings } from "./settings.ts";

type Versioning = Pick<DurableSettings, "defaultVersion" | "versionMatchStrategy">;

export function serves(
  { defaultVersion, versionMatchStrategy: strategy }: Versioning,
  version: string | null,
): boolean {
  // A host without a version ignores versions.
  if (defaultVersion === null || strategy === "None") return true;
  const order = compareVersions(version ?? "", defaultVersion);
  return strategy === "Strict" ? order === 0 : order <= 0;
}

/** Like System.Version if both have its form; no version is the oldest; any other text is compared as text. */
export function compareVersions(one: string, other: string): number {
  if (one === "" || other === "") return Number(one !== "") - Number(other !== "");
  const [first, second] = [partsOf(one), partsOf(other)];
  if (first === undefined || second === undefined) return one.toLowerCase().localeCompare(other.toLowerCase(), "en");
  // An absent part is less than 0: 1.2 comes before 1.2.0.
  const difference = [0, 1, 2, 3].map((part) => (first[part] ?? -1) - (second[part] ?? -1)).find((each) => each !== 0);
  return difference ?? 0;
}

function partsOf(version: string): readonly number[] | undefined {
  return /^\d+(\.\d+){1,3}$/.test(version) ? version.split(".").map(Number) : undefined;
}
