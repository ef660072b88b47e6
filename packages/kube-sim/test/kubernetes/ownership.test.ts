/** Server-side apply against a simple model: a map of values, each with the set of managers that applied it. */
import { type JsonObject, objectAt, stringsAt } from "azure-sim/json";
import fc from "fast-check";
import { expect, test } from "vitest";
import { schemaOf } from "../../src/kubernetes/builtIn/schemas.ts";
import type { ManagedFieldsEntry } from "../../src/kubernetes/object.ts";
import { applyConfiguration } from "../../src/kubernetes/ownership.ts";

interface Step {
  readonly manager: string;
  readonly data: Record<string, string>;
}

const step: fc.Arbitrary<Step> = fc.record({
  manager: fc.constantFrom("red", "green", "blue"),
  data: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("1", "2")),
});

interface Live {
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[];
}

const start: Live = {
  object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "n" } },
  managedFields: [],
};

function apply(live: Live, { manager, data }: Step): Live {
  const config = { ...start.object, ...(Object.keys(data).length === 0 ? {} : { data }) };
  const writer = { manager, apiVersion: "v1", subresource: undefined, time: "2026-01-01T00:00:00Z" };
  const isNew = live === start;
  return applyConfiguration(isNew ? undefined : live.object, config, {
    managedFields: live.managedFields,
    schema: schemaOf("io.k8s.api.core.v1.ConfigMap"),
    writer,
    force: true,
  });
}

test("forced applies in any order leave each value owned by exactly those who applied it last", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const model = new Map<string, { value: string; managers: Set<string> }>();
      let live = start;
      for (const next of steps) {
        // An object without any owner counts as one from before ownership was tracked.
        if (live !== start && live.managedFields.length === 0) live = start;
        live = apply(live, next);
        for (const [key, field] of model) {
          if (key in next.data) continue;
          field.managers.delete(next.manager);
          if (field.managers.size === 0) model.delete(key);
        }
        for (const [key, value] of Object.entries(next.data)) {
          const held = model.get(key);
          if (held?.value === value) held.managers.add(next.manager);
          else model.set(key, { value, managers: new Set([next.manager]) });
        }
        expect(stringsAt(live.object, "data")).toEqual(
          Object.fromEntries([...model].map(([key, { value }]) => [key, value])),
        );
        expect(ownersOf(live)).toEqual(
          Object.fromEntries([...model].map(([key, { managers }]) => [key, [...managers].sort()])),
        );
      }
    }),
    { numRuns: 300, seed: 20261124 },
  );
});

test("applying the same object twice changes nothing, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), step, (steps, last) => {
      const once = apply(steps.reduce(apply, start), last);
      fc.pre(once.managedFields.length > 0);

      expect(apply(once, last)).toEqual(once);
    }),
    { numRuns: 300, seed: 20261124 },
  );
});

function ownersOf({ managedFields }: Live): Record<string, string[]> {
  const owners: Record<string, string[]> = {};
  for (const { manager, fieldsV1 } of managedFields) {
    for (const field of Object.keys(objectAt(fieldsV1, "f:data"))) {
      const key = field.slice(2);
      owners[key] = [...(owners[key] ?? []), manager].sort();
    }
  }
  return owners;
}
