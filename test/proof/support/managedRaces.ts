/**
 * Races over one managed namespace, which everybody writes as a whole: two requests for other profiles, and the person who owns it, who
 * changes fields of their own meanwhile. Nobody's fields may be lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type Cloud, names } from "../../../sandbox/cloud.ts";
import { callManaged, managedNamespace, manageNamespace } from "../../support/managedNamespaces.ts";
import type { Answer, Service } from "../../support/service.ts";
import { small, standard } from "./matrixPlaces.ts";
import type { Dice } from "./random.ts";
import { listFaults } from "./remains.ts";

const profiles = { standard, small };
type Profile = keyof typeof profiles;

interface Stage {
  readonly cloud: Cloud;
  readonly service: Service;
  readonly dice: Dice;
}

/** Fewer than the attempts of a step: each of them may be refused because somebody was faster. */
const writes = 4;

export function createManagedRaces({ cloud, service, dice }: Stage) {
  const nameOf = (race: number) => `managed-${race}`;
  const pathOf = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;
  const ask = (namespace: string, namespaceProfile: Profile) =>
    service.call("POST", "/api/onboardings?confirmRemoval=true", {
      ...{ cluster: names.cluster, namespace, namespaceProfile },
      databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    });

  async function settle({ status, body }: Answer): Promise<void> {
    expect(status, JSON.stringify(body)).toBe(202);
    const ended = await service.waitFor(String(body["id"]), 60_000);
    expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  }

  async function begin(race: number): Promise<string> {
    const namespace = nameOf(race);
    await manageNamespace(cloud, namespace, { labels: { note: "0" } });
    await settle(await ask(namespace, "standard"));
    return namespace;
  }

  /** Writes some times, as Azure CLI does: all that was read, and the ETag. */
  async function write(namespace: string): Promise<void> {
    for (let next = 1; next <= writes; ) {
      const { tags, properties, eTag } = await managedNamespace(cloud, namespace);
      const { provisioningState: _, ...rest } = properties;
      const body = {
        tags: { ...tags, cost: `${next}` },
        properties: {
          ...rest,
          labels: { ...rest.labels, note: `${next}` },
          defaultResourceQuota: { ...rest.defaultResourceQuota, cpuLimit: `${next}000m` },
        },
      };
      const { status } = await callManaged(cloud, "PUT", namespace, { body, ifMatch: eTag });
      if (status === 200 || status === 201) next += 1;
      else expect([409, 412]).toContain(status);
      await sleep(dice.pick([20, 100, 300]));
    }
  }

  /** In the cluster and in Azure. */
  async function expectProfile(namespace: string, { limit }: { readonly limit?: number } = {}): Promise<void> {
    const { body } = await service.call("GET", pathOf(namespace));
    const { namespaceProfile } = body["request"] as { readonly namespaceProfile: Profile };
    const { parts } = profiles[namespaceProfile];
    const hard = { ...parts.hard, ...(limit === undefined ? {} : { "limits.cpu": `${limit}` }) };
    const wanted = { namespace, mode: "workloadIdentity", databases: ["messages"], profile: { ...parts, hard } };
    expect(await listFaults(cloud, wanted)).toEqual([]);
    await expectTheirs(namespace, limit);
    expect((await service.call("POST", `${pathOf(namespace)}/verify`)).body["findings"]).toEqual([]);
  }

  async function expectTheirs(namespace: string, last = 0): Promise<void> {
    const { tags, properties } = await managedNamespace(cloud, namespace);
    expect(properties.labels).toMatchObject({ note: `${last}` });
    if (last === 0) return;
    expect(properties.defaultResourceQuota).toMatchObject({ cpuLimit: `${last}000m` });
    expect(tags).toMatchObject({ cost: `${last}` });
  }

  async function leave(namespace: string): Promise<void> {
    await settle(await service.call("DELETE", pathOf(namespace)));
  }

  const races: Readonly<Record<string, (race: number) => Promise<void>>> = {
    async "two change the profile of a managed namespace"(race) {
      const namespace = await begin(race);
      const answers = await Promise.all([ask(namespace, "small"), ask(namespace, "standard")]);
      expect(answers.some(({ status }) => status === 202)).toBe(true);
      for (const answer of answers) {
        if (answer.status === 202) await settle(answer);
        else expect(answer.status, JSON.stringify(answer.body)).toBe(409);
      }
      await expectProfile(namespace);
      await leave(namespace);
    },
    async "a profile changes while somebody writes the managed namespace"(race) {
      const namespace = await begin(race);
      await Promise.all([write(namespace), ask(namespace, "small").then(settle)]);
      await expectProfile(namespace, { limit: writes });
      await leave(namespace);
    },
    async "a profile is given back while somebody writes the managed namespace"(race) {
      const namespace = await begin(race);
      await Promise.all([write(namespace), leave(namespace)]);
      const { tags, properties } = await managedNamespace(cloud, namespace);
      expect(tags).toEqual({ cost: `${writes}` });
      expect(properties.labels).toEqual({ note: `${writes}` });
      expect(properties.defaultResourceQuota).toEqual({ cpuLimit: `${writes}000m` });
    },
  };

  return {
    kinds: Object.keys(races),
    run: async (kind: string, race: number) => await races[kind]?.(race),
  };
}
