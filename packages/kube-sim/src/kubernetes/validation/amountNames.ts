/** The names of what can be asked for, limited and counted. */
import { canonicalQuantity, readQuantity } from "../builtIn/quantity.ts";
import type { Cause } from "../cause.ts";
import type { Json } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";

export const computed = ["cpu", "memory", "ephemeral-storage"];
const counted = [
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers"],
];
export const inQuotas: ReadonlySet<string> = new Set([
  ...counted,
  ...computed.flatMap((each) => [each, `requests.${each}`, `limits.${each}`]),
  "requests.storage",
]);
const standard: ReadonlySet<string> = new Set([...inQuotas, "storage"]);

export const nanos = (amount: Json | undefined) =>
  typeof amount === "string" || typeof amount === "number" ? (readQuantity(amount)?.nanos ?? 0n) : 0n;
export const shown = (amount: Json | undefined) =>
  typeof amount === "string" || typeof amount === "number" ? canonicalQuantity(amount) : "0";

const isHugePages = (name: string) => name.startsWith("hugepages-");

/** Any name of something, qualified or one of Kubernetes' own. */
export function nameViolations(field: string, name: string): Cause[] {
  const problems = labelKeyProblems(name);
  if (problems.length > 0) return problems.map((problem) => invalidValue(field, name, problem));
  if (name.includes("/") || isHugePages(name) || standard.has(name)) return [];
  return [invalidValue(field, name, "must be a standard resource type or fully qualified")];
}

/** What a container can ask for. */
export function containerNameViolations(field: string, name: string): Cause[] {
  const causes = nameViolations(field, name);
  if (name.includes("/") || isHugePages(name) || computed.includes(name)) return causes;
  return [...causes, invalidValue(field, name, "must be a standard resource for containers")];
}

/** Devices, which nobody gives in part or twice. */
export function isDevice(name: string): boolean {
  return name.includes("/") && !name.includes("kubernetes.io/");
}

export function amountViolations(field: string, name: string, amount: Json): Cause[] {
  const isWhole = nanos(amount) % 10n ** 9n === 0n;
  return [
    ...(nanos(amount) < 0n ? [invalidValue(field, shown(amount), "must be greater than or equal to 0")] : []),
    ...((counted.includes(name) || isDevice(name)) && !isWhole
      ? [invalidValue(field, shown(amount), "must be an integer")]
      : []),
  ];
}
