/** What becomes of a managed namespace: each write, and what undoes it. */
import { describe, expect, it } from "vitest";
import { type ManagedFields, noFields } from "../../../src/domain/profiles/managed.ts";
import type { ManagedDocument } from "../../../src/ports/managedNamespaces.ts";
import {
  decideProfile,
  decideRestoration,
  decideReturn,
  departures,
  isProfileOf,
  type Managed,
  type ManagedDecision,
} from "../../../src/resources/namespaceProfile/managedNamespace.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team" };
const small: ManagedFields = {
  ...noFields,
  defaultResourceQuota: { cpuRequest: "1000m" },
  labels: { "pod-security.kubernetes.io/enforce": "baseline" },
};
const large: ManagedFields = {
  ...noFields,
  defaultResourceQuota: { cpuRequest: "4000m", memoryLimit: "8Gi" },
  defaultNetworkPolicy: { ingress: "DenyAll", egress: "DenyAll" },
};

/** As somebody has it, with what Mooring knows nothing of. */
const theirs: ManagedDocument = {
  location: "westeurope",
  tags: { cost: "42" },
  properties: {
    annotations: { note: "theirs" },
    deletePolicy: "Keep",
    future: { field: [1, 2] },
    labels: { owner: "platform" },
    defaultResourceQuota: { cpuRequest: "2", cpuLimit: "9000m" },
    defaultNetworkPolicy: { ingress: "AllowSameNamespace", egress: "AllowAll" },
  },
};

const of = (document: ManagedDocument): Managed => ({
  document,
  eTag: "1",
  state: "Succeeded",
  ref: { clusterId: "aks", name: "team" },
});
const resulting = (before: ManagedDocument, { document, conflict }: ManagedDecision): ManagedDocument => {
  expect(conflict).toBeUndefined();
  return document ?? before;
};
const write = (document: ManagedDocument, wanted: ManagedFields, operation = "one") =>
  decideProfile(of(document), wanted, { ...namespaceRef, operation, adoptionPolicy: "Always" });
const written = (document: ManagedDocument, wanted: ManagedFields, operation?: string) =>
  resulting(document, write(document, wanted, operation));

describe("a profile", () => {
  it("is written once, with the rest as it was, and given back whole", () => {
    const document = written(theirs, large);
    expect(document.properties).toEqual({
      ...theirs.properties,
      defaultResourceQuota: { cpuRequest: "4000m", cpuLimit: "9000m", memoryLimit: "8Gi" },
      defaultNetworkPolicy: { ingress: "DenyAll", egress: "DenyAll" },
    });
    expect(write(document, large).document).toBeUndefined();
    expect(write(document, large, "two")).toMatchObject({ action: "none" });
    expect(departures(of(document), large)).toEqual([]);
    expect(isProfileOf(of(document), namespaceRef)).toBe(true);

    expect(decideReturn(of(document), { ...namespaceRef, createdBy: "two" }).document).toBeUndefined();
    expect(resulting(document, decideReturn(of(document), { ...namespaceRef, createdBy: "one" }))).toEqual(theirs);
  });

  it("that is there already is nobody's but theirs", () => {
    const own = { ...theirs, properties: { ...theirs.properties, defaultResourceQuota: { cpuRequest: "1" } } };
    const wanted = { ...small, labels: {} };
    expect(write(own, wanted)).toEqual({ action: "none", differences: [] });
    expect(decideReturn(of(own), namespaceRef).document).toBeUndefined();
  });

  it("leaves what somebody has set since, when it is given back", () => {
    const document = written(theirs, large);
    const since: ManagedDocument = {
      ...document,
      properties: { ...document.properties, defaultResourceQuota: { cpuRequest: "7000m", memoryLimit: "8Gi" } },
    };
    expect(departures(of(since), large)).toEqual([
      { field: "defaultResourceQuota.cpuRequest", current: "7000m", desired: "4000m" },
    ]);
    expect(resulting(since, decideReturn(of(since), namespaceRef))).toEqual({
      ...theirs,
      properties: { ...theirs.properties, defaultResourceQuota: { cpuRequest: "7000m" } },
    });
  });

  it("of another namespace is a conflict", () => {
    const document = written(theirs, large);
    expect(
      decideProfile(of(document), small, {
        ...{ cluster: "aks-new", namespace: "team", operation: "two", adoptionPolicy: "Always" },
      }).conflict?.message,
    ).toContain("aks-dev/team");
  });

  it("sets what is not set, and nothing else, without adoptionPolicy Always", () => {
    const free = { ...theirs, properties: { ...theirs.properties, defaultResourceQuota: null } };
    const decided = (document: ManagedDocument) =>
      decideProfile(of(document), small, { ...namespaceRef, operation: "one", adoptionPolicy: "IfIdentical" });
    expect(decided(free).conflict).toBeUndefined();
    expect(decided(free).document?.properties.defaultResourceQuota).toEqual({ cpuRequest: "1000m" });
    expect(decided(theirs).conflict?.message).toContain("defaultResourceQuota.cpuRequest 2, not 1000m");
    const back = resulting(free, decideReturn(of(resulting(free, decided(free))), namespaceRef));
    expect(back.properties.defaultResourceQuota).toBeNull();
  });
});

describe("a change", () => {
  const first = written(theirs, small, "one");
  const second = written(first, large, "two");
  const restore = (document: ManagedDocument, before: ManagedFields) =>
    decideRestoration(of(document), { ...namespaceRef, written: large, before, createdBy: "two" });

  it("keeps what was there before the first profile, and retires what the new one does not have", () => {
    const retired = resulting(second, decideReturn(of(second), { ...namespaceRef, wanted: large }));
    expect(retired.properties.labels).toEqual({ owner: "platform" });
    expect(resulting(retired, decideReturn(of(retired), namespaceRef))).toEqual(theirs);
    expect(decideReturn(of(retired), { ...namespaceRef, wanted: large }).document).toBeUndefined();
    expect(resulting(retired, decideReturn(of(retired), { ...namespaceRef, wanted: noFields }))).toEqual(theirs);
  });

  it("is undone to the earlier profile, by all that it wrote", () => {
    expect(resulting(second, restore(second, small))).toEqual(first);
    expect(decideReturn(of(second), { ...namespaceRef, createdBy: "two" }).document).toBeUndefined();
    expect(restore(first, small).document).toBeUndefined();
  });

  it("that wrote there first is undone by its other undo alone", () => {
    const only = written(theirs, large, "two");
    expect(restore(only, noFields).document).toBeUndefined();
    expect(resulting(only, decideReturn(of(only), { ...namespaceRef, createdBy: "two" }))).toEqual(theirs);
  });
});
