import { describe, expect, it } from "vitest";
import { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import { newestIdentity, withIdentities } from "../../../src/domain/operation/identities.ts";

const pair = (digit: number) => {
  const id = `${digit}0000000-0000-4000-8000-000000000000`;
  return IdentityPair.parse({ clientId: id, principalId: id });
};
const [first, second] = [pair(1), pair(2)];
const record = { cluster: "aks", namespace: "team-a" };

describe("identities of a namespace", () => {
  it("ends with the one that is there now, also where the catalog's resource group changed back", () => {
    const moved = withIdentities(withIdentities(record, undefined, first), first, second);
    expect(newestIdentity(moved)).toEqual(second);

    const back = withIdentities(moved, undefined, first);

    expect(back).toHaveProperty("identities", [second, first]);
  });

  it("keeps the order where an earlier one is only remembered", () => {
    const known = { ...record, identities: [first, second] };

    expect(withIdentities(known, first)).toBe(known);
    expect(withIdentities({ ...record, identities: [second] }, first)).toHaveProperty("identities", [first, second]);
  });

  it("leaves a full row as it is", () => {
    const full = { ...record, identities: Array.from({ length: 9 }, (_, at) => pair(at)).concat(pair(9)) };

    expect(withIdentities(full, undefined, pair(9))).toBe(full);
  });
});
