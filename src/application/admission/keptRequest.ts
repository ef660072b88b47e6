/**
 * From the request that was sent to the one that is kept: when its access ends is an instant there. It is counted from the acceptance
 * and not from an approval, so that an approver sees the end, and a late approval gives no longer than was asked for; by the clock of
 * the registry, which all instances share.
 */
import type { NamespaceRecord, PreviousRecord } from "../../domain/operation/namespaceRecord.ts";
import { findExpiryProblems } from "../../domain/policy/expiry.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { hasDuration, hasExpiry, resolveExpiries } from "../../domain/request/expiry.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import { inOrderOf } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";

/** What a record keeps of a request. */
export type Kept = Pick<NamespaceRecord, "request" | "requestHash" | "askedHash">;

/** Refuses an end that the catalog does not allow. The answer says how the request is kept, beside the namespace's current record. */
export async function keepRequest(
  { catalog, registry }: Pick<Ports, "catalog" | "registry">,
  request: OnboardingRequest,
  team: string | undefined,
): Promise<(current: NamespaceRecord | undefined) => Kept> {
  const now = hasExpiry(request) ? await registry.time() : Date.now();
  const problems = findExpiryProblems(catalog, request, { now, team });
  const [first] = problems;
  if (first) {
    const errors = problems.map(({ pointer, detail }) => ({ pointer, detail }));
    const message = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join("; ");
    const about = { cluster: request.cluster, namespace: request.namespace };
    throw new Refusal(first.code, message, { errors, about });
  }
  const kept = resolveExpiries(request, now);
  const ordered = (current: NamespaceRecord | undefined) => (current ? inOrderOf(kept, current.request) : kept);
  if (!hasDuration(request)) return (current) => ({ request: ordered(current), requestHash: hashRequest(kept) });
  const askedHash = hashRequest(request);
  // The same request again means the same instants, whether it is answered with what it has begun or completes that.
  return (current) => {
    const known = current && findAsked(current, askedHash);
    const isCurrent = known && findExpiryProblems(catalog, known, { now, team }).length === 0;
    const meant = isCurrent ? known : ordered(current);
    return { request: meant, requestHash: hashRequest(meant), askedHash };
  };
}

function findAsked(record: NamespaceRecord | PreviousRecord, askedHash: string): OnboardingRequest | undefined {
  if (record.askedHash === askedHash) return record.request;
  return record.previous && findAsked(record.previous, askedHash);
}
