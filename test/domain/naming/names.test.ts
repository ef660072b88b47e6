import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bindingName,
  federatedCredentialName,
  identityName,
  type NamespaceRef,
  postgresRoleName,
} from "../../../src/domain/naming/names.ts";

const letters = "abcdefghijklmnopqrstuvwxyz0123456789-".split("");
const label = (maxLength: number) =>
  fc
    .array(fc.constantFrom(...letters), { minLength: 1, maxLength })
    .map((parts) => parts.join(""))
    .filter((text) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text));
const namespaceRef = fc.record({ cluster: label(40), namespace: label(63) });

it("distinguishes namespaces whose readable parts join to the same text", () => {
  const one = identityName({ cluster: "a-b", namespace: "c" });
  const other = identityName({ cluster: "a", namespace: "b-c" });

  expect(one).not.toBe(other);
});

it("gives every namespace a name that Azure, SQL and Kubernetes accept", () => {
  fc.assert(
    fc.property(namespaceRef, (each) => {
      // learn.microsoft.com: identities 3 to 128; a SQL name 128; a Kubernetes name 253.
      expect(identityName(each)).toMatch(/^[a-z0-9][a-z0-9-]{1,126}[a-z0-9]$/);
      expect(bindingName(each).length).toBeLessThanOrEqual(253);
    }),
    { numRuns: 10_000 },
  );
});

it("gives two namespaces two roles whose names PostgreSQL does not cut, where the identities' names would meet", () => {
  const cluster = "aks-production-westeurope";
  const one = { cluster, namespace: "department-of-transport-and-logistics-orders" };
  const other = { cluster, namespace: "department-of-transport-and-logistics-invoices" };
  const cut = (each: typeof one) => identityName(each).slice(0, 63);

  expect(cut(one)).toBe(cut(other));
  expect(postgresRoleName(one)).not.toBe(postgresRoleName(other));
  expect(postgresRoleName({ cluster: "aks", namespace: "a" })).toBe(identityName({ cluster: "aks", namespace: "a" }));
  fc.assert(
    fc.property(namespaceRef, namespaceRef, (a, b) => {
      const isSame = a.cluster === b.cluster && a.namespace === b.namespace;
      expect(postgresRoleName(a) === postgresRoleName(b)).toBe(isSame);
      expect(postgresRoleName(a)).toMatch(/^[a-z0-9-]{1,63}$/);
    }),
    { numRuns: 5_000 },
  );
});

/** As much of each name as its service keeps and compares: none of them knows case. */
const kept: Readonly<Record<string, (each: NamespaceRef) => string>> = {
  "the identity, in Azure": (each) => identityName(each).slice(0, 128).toLowerCase(),
  "the user, in Azure SQL": (each) => identityName(each).slice(0, 128).toLowerCase(),
  "the role, in PostgreSQL": (each) => postgresRoleName(each).slice(0, 63),
  "the credential, in Microsoft Entra": (each) => federatedCredentialName(each, "app").slice(0, 120).toLowerCase(),
  "the binding, in a cluster": (each) => bindingName(each).slice(0, 253),
};

/** Two namespaces whose names would meet if they were cut, or only joined. */
const alike: fc.Arbitrary<readonly [NamespaceRef, NamespaceRef]> = fc
  .tuple(label(20), label(20), label(20), fc.constantFrom("a", "b-c", "x".repeat(20)))
  .chain(([a, b, c, end]) => {
    const [cluster, namespace] = [a.padEnd(40, "c"), b.padEnd(62, "n")];
    return fc.constantFrom(
      [
        { cluster: `${a}-${b}`, namespace: c },
        { cluster: a, namespace: `${b}-${c}` },
      ] as const,
      [
        { cluster, namespace: `${namespace}1` },
        { cluster, namespace: `${namespace}2` },
      ] as const,
      [
        { cluster: `${cluster}1`.slice(-40), namespace },
        { cluster: `${cluster}2`.slice(-40), namespace },
      ] as const,
      [
        { cluster: a, namespace: c },
        { cluster: a, namespace: `${c}${end}` },
      ] as const,
    );
  });

it.each(Object.keys(kept))("gives two namespaces that look alike two names: %s", (what) => {
  fc.assert(
    fc.property(alike, ([one, other]) => {
      expect(kept[what]?.(one)).not.toBe(kept[what]?.(other));
    }),
    { numRuns: 2_000 },
  );
});

it("gives two namespaces two names", () => {
  fc.assert(
    fc.property(namespaceRef, namespaceRef, (a, b) => {
      const isSame = a.cluster === b.cluster && a.namespace === b.namespace;
      expect(identityName(a) === identityName(b)).toBe(isSame);
    }),
    { numRuns: 10_000 },
  );
});

it("names a federated credential within 3 to 120 characters, the first alphanumeric", () => {
  fc.assert(
    fc.property(namespaceRef, label(63), (each, serviceAccount) => {
      expect(federatedCredentialName(each, serviceAccount)).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/);
    }),
    { numRuns: 2_000 },
  );
});
