/**
 * The published limits. ARM: learn.microsoft.com "Understand how Azure Resource Manager throttles requests" (token
 * buckets per subscription and principal). Identities: "Important considerations and restrictions for federated
 * identity credentials" (requests per second per tenant, subscription and resource), which count identities and
 * credentials alike.
 */
import { failures } from "./failures.ts";
import { type ResourcePath, resourceId } from "./resourcePath.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

interface Rate {
  /** The burst that one caller may use. */
  readonly size: number;
  readonly perSecond: number;
}

const armRates = {
  read: { size: 250, perSecond: 25 },
  write: { size: 200, perSecond: 10 },
  delete: { size: 200, perSecond: 10 },
} as const;

/** Requests per second: per tenant, per subscription and per identity. */
const identityRates = {
  write: [10, 2, 0.25],
  get: [30, 10, 0.5],
  list: [15, 5, 0.25],
  delete: [10, 2, 0.25],
} as const;

export interface Limits {
  /** Takes a token from every bucket that the request counts against, or throws the 429. */
  spend(request: { method: string; path: ResourcePath; clientId: string }): void;
}

export function createLimits({ now }: { now: () => Date }): Limits {
  const buckets = new Map<string, Bucket>();

  function fill(key: string, { size, perSecond }: Rate): Bucket {
    const time = now().getTime();
    const bucket = buckets.get(key) ?? { tokens: size, filledAt: time };
    bucket.tokens = Math.min(size, bucket.tokens + ((time - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = time;
    buckets.set(key, bucket);
    return bucket;
  }

  return {
    spend(request) {
      const spent: Bucket[] = [];
      for (const { key, rate } of ratesFor(request)) {
        const bucket = fill(key, rate);
        // A rounding error in the refill must not reject a caller that waited for the whole Retry-After.
        if (bucket.tokens < 1 - 1e-9) throw failures.throttled(key, Math.ceil((1 - bucket.tokens) / rate.perSecond));
        spent.push(bucket);
      }
      for (const bucket of spent) bucket.tokens -= 1;
    },
  };
}

function ratesFor({
  method,
  path,
  clientId,
}: {
  method: string;
  path: ResourcePath;
  clientId: string;
}): { key: string; rate: Rate }[] {
  const kind = method === "GET" ? "read" : method === "DELETE" ? "delete" : "write";
  const { subscriptionId } = path;
  const rates = [{ key: `${kind} by ${clientId} in subscription ${subscriptionId}`, rate: armRates[kind] as Rate }];
  if (!path.type.toLowerCase().startsWith("microsoft.managedidentity/")) return rates;
  const operation = kind === "read" ? (path.isCollection ? "list" : "get") : kind;
  const [tenant, subscription, resource] = identityRates[operation];
  const add = (key: string, perSecond: number) =>
    rates.push({ key: `identity ${operation} ${key}`, rate: { size: Math.max(1, perSecond), perSecond } });
  add("in the tenant", tenant);
  add(`in subscription ${subscriptionId}`, subscription);
  if (path.names.length > 0) add(`on ${resourceId(path, 1).toLowerCase()}`, resource);
  return rates;
}
