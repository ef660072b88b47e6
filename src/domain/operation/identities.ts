/** Which identities a namespace has had: what has its mark is the namespace's only if it was given to one of these. */
import { IdentityPair } from "../naming/identityPair.ts";
import { identityName } from "../naming/names.ts";
import type { NamespaceRecord } from "./namespaceRecord.ts";

type Known = Pick<NamespaceRecord, "cluster" | "namespace" | "clientId" | "things" | "identities">;

/** As the record knows it from its first verification on. */
export function presentIdentity(record: Known): IdentityPair | undefined {
  const { clientId, things = [] } = record;
  const principalId = things.find(({ thing }) => thing === identityName(record))?.id;
  return IdentityPair.safeParse({ clientId, principalId }).data;
}

/** Of which it may have something now. */
export function newestIdentity(record: Known): IdentityPair | undefined {
  return record.identities?.at(-1) ?? presentIdentity(record);
}

/** Client and principal IDs, in lower case. Records of 0.1.0 know those of the present identity alone. */
export function identityIdsOf(record: Known): readonly string[] {
  const { clientId, things = [], identities = [] } = record;
  const principalIds = things.flatMap(({ thing, id }) => (thing === identityName(record) ? [id] : []));
  const past = identities.flatMap((each) => [each.clientId, each.principalId]);
  return [...(clientId === undefined ? [] : [clientId]), ...principalIds, ...past].map((id) => id.toLowerCase());
}

/** The record is a row that every operation reads and writes. */
const mostIdentities = 10;

/** The record with these, too. `newest` is there now, and may have been there before: the catalog's resource group can change back. */
export function withIdentities<R extends Known>(
  record: R,
  past: IdentityPair | undefined,
  newest?: IdentityPair | undefined,
): R {
  const { identities = [] } = record;
  const all = [past, ...identities, newest]
    .filter((each) => each !== undefined)
    .filter(({ principalId }, at, every) => every.findLastIndex((each) => each.principalId === principalId) === at)
    .slice(-mostIdentities);
  const isSame = all.length === identities.length && all.at(-1)?.principalId === identities.at(-1)?.principalId;
  return isSame ? record : { ...record, identities: all };
}
