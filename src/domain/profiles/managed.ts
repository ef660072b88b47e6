/**
 * What of a profile a managed namespace of AKS can hold: four amounts of a quota, whether traffic is closed by default, labels
 * (learn.microsoft.com "Overview of managed namespaces"). The rest of a profile is made in the cluster.
 */
import { podSecurityLabels } from "./podSecurity.ts";
import type { Profile } from "./profile.ts";
import { canonicalQuantity, milliOf, printMilli } from "./quantity.ts";
import type { Quota } from "./quota.ts";

/** The parts of such a namespace that a profile has something to say of. */
export const managedParts = ["defaultResourceQuota", "defaultNetworkPolicy", "labels"] as const;
export type ManagedPart = (typeof managedParts)[number];

/** By part, then by field. */
export type ManagedFields = { readonly [Part in ManagedPart]: Readonly<Record<string, string>> };

/** Azure's name for each, and the form in which it takes the amount. `cpu` is another word for `requests.cpu`. */
const amounts: Readonly<Record<string, { readonly field: string; readonly print: (amount: bigint) => string }>> = {
  cpu: { field: "cpuRequest", print: inThousandths },
  "requests.cpu": { field: "cpuRequest", print: inThousandths },
  "limits.cpu": { field: "cpuLimit", print: inThousandths },
  memory: { field: "memoryRequest", print: inBinary },
  "requests.memory": { field: "memoryRequest", print: inBinary },
  "limits.memory": { field: "memoryLimit", print: inBinary },
};

export function managedFields({ quota = {}, podSecurity, network }: Profile): ManagedFields {
  const within = network && (network.within ? "AllowSameNamespace" : "DenyAll");
  return {
    defaultResourceQuota: Object.fromEntries(
      Object.entries(quota).flatMap(([counted, amount]) => {
        const managed = amounts[counted];
        return managed && isManaged(counted, amount) ? [[managed.field, managed.print(milliOf(amount) ?? 0n)]] : [];
      }),
    ),
    // What the network policy of the profile opens besides counts all the same: policies add up.
    defaultNetworkPolicy: within === undefined ? {} : { ingress: within, egress: within },
    labels: podSecurity ? podSecurityLabels(podSecurity) : {},
  };
}

export const noFields: ManagedFields = { defaultResourceQuota: {}, defaultNetworkPolicy: {}, labels: {} };

/** The profile without the amounts that the managed namespace holds. */
export function besideManaged(profile: Profile): Profile {
  const { quota, ...rest } = profile;
  const left: Quota = Object.fromEntries(
    Object.entries(quota ?? {}).filter(([counted, amount]) => !isManaged(counted, amount)),
  );
  return Object.keys(left).length > 0 ? { ...rest, quota: left } : rest;
}

/** Azure takes powers of two: memory in any other form stays in a quota in the cluster. */
function isManaged(counted: string, amount: string | number): boolean {
  if (!Object.hasOwn(amounts, counted)) return false;
  return !counted.endsWith("memory") || (milliOf(amount) ?? 0n) % kibibyte === 0n;
}

const kibibyte = 1024n * 1000n;

function inThousandths(milli: bigint): string {
  return `${milli}m`;
}

function inBinary(milli: bigint): string {
  return milli === 0n ? "0Ki" : printMilli(milli, "1Ki");
}

/** Azure may write an amount otherwise than it was sent. */
export function isSameField(part: ManagedPart, one: string, other: string): boolean {
  if (one === other) return true;
  return part === "defaultResourceQuota" && canonicalQuantity(one) === canonicalQuantity(other);
}
