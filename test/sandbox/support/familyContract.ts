/** On the wire, what test/families says of every family: each brings one place, and how to look there and change things. */
import { randomUUID } from "node:crypto";
import type { Fault } from "azure-sim/faults";
import type { Identity } from "azure-sim/world";
import { expect } from "vitest";
import { names } from "../../../sandbox/cloud.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { type TargetKindName, targetKinds } from "../../../src/domain/targets/index.ts";
import { actsOn, pathOf } from "../../support/namespaceActs.ts";
import type { SuiteSandbox } from "../../support/sandbox.ts";
import { serviceOf } from "../../support/service.ts";

export interface WireFamily {
  readonly kind: TargetKindName;
  /** The fields of a request, and a text for each right that it gives the identity. */
  readonly all: { readonly wanted: object; given(identity: Identity): readonly string[] };
  readonly less: { readonly wanted: object; given(identity: Identity): readonly string[] };
  /** What anybody has there. */
  given(): Promise<readonly string[]>;
  /** Of what the identity has. */
  readonly drifts: readonly (readonly [found: object, change: (identity: Identity) => unknown])[];
  readonly stale: string;
  /** Each write, refused. */
  readonly writes: readonly Fault[];
  /** Takes away all that the identity has. */
  clear(identity: Identity): unknown;
  /** Runs what gives access in an export. */
  byHand(script: { readonly tsql: string; readonly azureCli: string }): Promise<unknown>;
}

type Contract = Readonly<Record<string, () => Promise<void>>>;

/** A test for each sentence; `name` makes namespaces of their own. */
export function contractOf(name: string, sandboxOf: () => SuiteSandbox, familyOf: () => WireFamily): Contract {
  const service = () => serviceOf(sandboxOf());
  const acts = actsOn(service);
  const requestFor = (namespace: string, wanted: object) => ({ cluster: names.cluster, namespace, ...wanted });

  function identityOf(namespace: string): Identity {
    const own = identityName({ cluster: names.cluster, namespace });
    const found = [...sandboxOf().cloud.world.identities.values()].find((each) => each.name === own);
    if (!found) throw new Error(`${own} is not there`);
    return found;
  }

  async function exported(namespace: string, format: string) {
    return await (await fetch(`${sandboxOf().url}${pathOf(namespace)}/export?format=${format}`)).text();
  }

  async function undone(namespace: string, faults: readonly Fault[]) {
    const { cloud } = sandboxOf();
    const before = await familyOf().given();
    for (const fault of faults) cloud.faults.add(fault);
    const { wanted } = familyOf().all;
    const failed = await service().waitFor(await service().onboard(requestFor(namespace, wanted)));
    cloud.faults.clear();

    expect(failed.status, namespace).toBe("Failed");
    expect(await familyOf().given(), namespace).toEqual(before);
    expect(() => identityOf(namespace)).toThrow("is not there");
  }

  const forGood = { times: Number.POSITIVE_INFINITY } as const;
  return {
    async "gives what was planned, finds and repairs drift of each field, is the same by hand, and leaves nothing"() {
      const { kind, all, less, given, drifts, clear, byHand } = familyOf();
      const namespace = `${name}-kept`;
      const before = await given();
      const added = async () => (await given()).filter((each) => !before.includes(each));
      const grants = (steps: unknown) =>
        (steps as { name: string; target: string; action: string }[])
          .filter((step) => step.name === targetKinds[kind].steps.grant)
          .map(({ target, action }) => `${action} ${target}`)
          .toSorted();
      const plan = await acts.plan(requestFor(namespace, all.wanted));
      const operation = await acts.onboard(requestFor(namespace, all.wanted));
      const identity = identityOf(namespace);

      expect(grants(plan["steps"]).every((each) => each.startsWith("create "))).toBe(true);
      expect(grants(operation.steps)).toEqual(grants(plan["steps"]));
      expect(await added()).toEqual(all.given(identity));
      expect(await acts.verify(namespace)).toEqual([]);

      for (const [found, change] of drifts) {
        await change(identity);
        expect(await acts.verify(namespace)).toMatchObject([found]);
        await acts.repair(namespace);
        expect(await added()).toEqual(all.given(identity));
        expect(await acts.verify(namespace)).toEqual([]);
      }

      const script = { tsql: await exported(namespace, "tsql"), azureCli: await exported(namespace, "azurecli") };
      await acts.onboard(requestFor(namespace, less.wanted));
      expect(await added()).toEqual(less.given(identity));
      await acts.onboard(requestFor(namespace, all.wanted));
      await clear(identity);
      expect(await added()).toEqual([]);
      await byHand(script);
      expect(await added()).toEqual(all.given(identity));
      await clear(identity);
      await acts.repair(namespace);
      expect(await acts.verify(namespace)).toEqual([]);

      await acts.offboard(namespace);
      expect(await given()).toEqual(before);
    },

    async "is undone when a write is refused, whichever it is"() {
      for (const [at, call] of familyOf().writes.entries())
        await undone(`${name}-before-${at}`, [{ ...call, ...forGood }]);
    },

    async "is undone when a write has had its effect, and gets no answer"() {
      const effect = { kind: "error", code: 403, message: "Not today." } as const;
      for (const [at, call] of familyOf().writes.entries()) {
        const lost = { ...call, times: 1, effect: { kind: "cutAfter" } } as const;
        await undone(`${name}-after-${at}`, [
          lost,
          { wire: "kubernetes", operation: "PATCH serviceaccounts", ...forGood, effect },
        ]);
      }
    },

    async "takes away what an earlier identity had, in a repair"() {
      const { all, given, stale } = familyOf();
      const namespace = `${name}-renewed`;
      const before = await given();
      await acts.onboard(requestFor(namespace, all.wanted));
      const old = identityOf(namespace);
      const next = { ...old, clientId: randomUUID(), principalId: randomUUID(), federatedCredentials: new Map() };
      sandboxOf().cloud.world.identities.set(old.id.toLowerCase(), next);

      expect(await acts.verify(namespace)).toContainEqual(expect.objectContaining({ code: stale }));
      await acts.repair(namespace);
      expect((await given()).filter((each) => !before.includes(each))).toEqual(all.given(next));
      await acts.offboard(namespace);
      expect(await given()).toEqual(before);
    },
  };
}
