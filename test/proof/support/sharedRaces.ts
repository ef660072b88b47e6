/**
 * Races over one identity: a home, and guests that come, go and bind it at the same time, each in an operation of its own. Whoever wins,
 * a guest that is onboarded has what it asked for, whoever lost says so, and in the end nothing is left.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "test-support/random";
import { expect, vi } from "vitest";
import { type Cloud, names } from "../../../sandbox/cloud.ts";
import { automaticCredential, federatedSubject, namespaceKey } from "../../../src/domain/naming/names.ts";
import type { Answer, Service } from "../../support/service.ts";
import { identityOf, listFaults, listRemains } from "./remains.ts";

interface Stage {
  readonly cloud: Cloud;
  readonly service: Service;
  readonly dice: Dice;
}

const { cluster } = names;
/** Of the race with this number. */
const homeOf = (race: number) => `home-${race}`;
const guestsOf = (race: number) => [`guest-${race}`, `other-${race}`] as const;

/** What the catalog says for so many races. */
export function sharedIdentities(races: number): object {
  const keys = Array.from({ length: races }, (_, race) => namespaceKey({ cluster, namespace: homeOf(race) }));
  return Object.fromEntries(keys.map((key) => [key, { clusters: [cluster] }]));
}

const reads = (...databases: string[]) => ({
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});

/** Why one of two may lose. */
const mayLose = /^SHARED_IDENTITY_(BUSY|IN_USE|UNAVAILABLE|LACKS|BOUND)$/;

interface Found {
  readonly namespace: string;
  readonly mode: string;
  readonly databases: readonly string[];
}

export function createSharedRaces({ cloud, service, dice }: Stage) {
  const pathOf = (namespace: string) => `/api/namespaces/${cluster}/${namespace}`;
  const find = async (namespace: string) => await service.call("GET", pathOf(namespace));
  const post = (body: object) => service.call("POST", "/api/onboardings?confirmRemoval=true", body);
  const home = (race: number, wanted = reads("messages", "orders")) =>
    post({ cluster, namespace: homeOf(race), ...wanted });
  const come = (race: number, which: 0 | 1, changes: object = {}) =>
    post({
      ...{ cluster, namespace: guestsOf(race)[which], sharedIdentity: `${cluster}/${homeOf(race)}` },
      ...{ ...reads("messages"), ...changes },
    });
  const go = (namespace: string) => service.call("DELETE", pathOf(namespace));
  const migrate = (namespace: string, to: string) => service.call("POST", `${pathOf(namespace)}/migrate?to=${to}`);

  /** Whether it succeeded, or lost as one of two may. */
  async function settle({ status, body }: Answer): Promise<boolean> {
    expect(status, JSON.stringify(body)).toBe(202);
    const ended = await service.waitFor(String(body["id"]), 60_000);
    if (ended.status === "Succeeded") return true;
    expect(ended.error?.code, JSON.stringify(ended.error)).toMatch(mayLose);
    return false;
  }

  async function succeed(sent: Promise<Answer>): Promise<void> {
    expect(await settle(await sent)).toBe(true);
  }

  /** Both are under way at once, the second perhaps a moment later. */
  async function both(first: () => Promise<Answer>, second: () => Promise<Answer>): Promise<readonly boolean[]> {
    const later = sleep(dice.pick([0, 0, 20, 100, 300])).then(second);
    return await Promise.all([first().then(settle), later.then(settle)]);
  }

  /** Undefined without a record. */
  async function found(namespace: string): Promise<Found | undefined> {
    const { body, status } = await vi.waitFor(
      async () => {
        const answer = await find(namespace);
        expect(["Onboarded", undefined]).toContain(answer.body["state"]);
        return answer;
      },
      { timeout: 20_000, interval: 50 },
    );
    if (status === 404) return undefined;
    const databases = (body["databases"] as { database: string }[]).map(({ database }) => database);
    return { namespace, mode: String(body["identityMode"]), databases };
  }

  /** What each record says is there, and nothing else of the identity. */
  async function expectWhole(race: number): Promise<void> {
    const own = await found(homeOf(race));
    const guests = await Promise.all(guestsOf(race).map(found));
    const there = [own, ...guests].filter((each) => each !== undefined);
    const isBound = there.some(({ mode }) => mode === "identityBinding");
    const sharedIdentity = `${cluster}/${homeOf(race)}`;
    for (const each of there) {
      const isHome = each === own;
      const beside = isBound && each.mode === "workloadIdentity" ? "identityBinding" : undefined;
      const wanted = { ...each, isShared: true, beside, ...(isHome ? {} : { sharedIdentity }) };
      expect(await listFaults(cloud, wanted), each.namespace).toEqual([]);
      if (!isHome) expect(own?.databases, each.namespace).toEqual(expect.arrayContaining([...each.databases]));
    }
    const credentials = [...(identityOf(cloud, homeOf(race))?.federatedCredentials.values() ?? [])];
    expect(credentials.map(({ name, subject }) => (name === automaticCredential ? name : subject)).toSorted()).toEqual([
      ...(isBound ? [automaticCredential] : []),
      ...there
        .filter(({ mode }) => mode === "workloadIdentity")
        .map(({ namespace }) => federatedSubject(namespace, "app"))
        .toSorted(),
    ]);
    for (const namespace of guestsOf(race)) {
      const isGone = !there.some((each) => each.namespace === namespace);
      if (isGone) expect(await listRemains(cloud, namespace, [], [], { sharedIdentity })).toEqual([]);
    }
    if (!own) expect(await listRemains(cloud, homeOf(race), ["messages", "orders"])).toEqual([]);
  }

  const races: Readonly<Record<string, (race: number) => Promise<void>>> = {
    async "a guest comes while its home is offboarded"(race) {
      await succeed(home(race));
      const [came, went] = await both(
        () => come(race, 0),
        () => go(homeOf(race)),
      );
      expect(came && went).toBe(false);
    },
    async "a guest comes while its home gives up what it asks for"(race) {
      await succeed(home(race));
      const [came, narrowed] = await both(
        () => come(race, 0),
        () => home(race, reads("orders")),
      );
      expect(came && narrowed).toBe(false);
    },
    async "a guest asks for more while its home gives that up"(race) {
      await succeed(home(race));
      await succeed(come(race, 0));
      const [widened, narrowed] = await both(
        () => come(race, 0, reads("messages", "orders")),
        () => home(race, reads("messages")),
      );
      expect(widened && narrowed).toBe(false);
    },
    async "a guest comes while another one goes"(race) {
      await succeed(home(race));
      await succeed(come(race, 1));
      expect(
        await both(
          () => come(race, 0),
          () => go(guestsOf(race)[1]),
        ),
      ).toEqual([true, true]);
    },
    async "two guests come"(race) {
      await succeed(home(race));
      expect(
        await both(
          () => come(race, 0),
          () => come(race, 1),
        ),
      ).toEqual([true, true]);
    },
    async "the last guest goes while its home is offboarded"(race) {
      await succeed(home(race));
      await succeed(come(race, 0));
      const [gone] = await both(
        () => go(guestsOf(race)[0]),
        () => go(homeOf(race)),
      );
      expect(gone).toBe(true);
    },
    async "two guests bind the identity"(race) {
      await succeed(home(race));
      const binding = { identityMode: "identityBinding" };
      const won = await both(
        () => come(race, 0, binding),
        () => come(race, 1, binding),
      );
      expect(won.every(Boolean)).toBe(false);
    },
    async "a guest binds the identity while another one gives its binding up"(race) {
      await succeed(home(race));
      await succeed(come(race, 0, { identityMode: "identityBinding" }));
      await succeed(come(race, 1));
      const [left] = await both(
        () => (dice.chance(0.5) ? go(guestsOf(race)[0]) : migrate(guestsOf(race)[0], "workloadIdentity")),
        () => migrate(guestsOf(race)[1], "identityBinding"),
      );
      expect(left).toBe(true);
    },
  };

  /** Everybody leaves, guests first. */
  async function leave(race: number): Promise<void> {
    for (const namespace of [...guestsOf(race), homeOf(race)]) {
      if ((await find(namespace)).status === 404) continue;
      await succeed(go(namespace));
    }
    await expectWhole(race);
    expect(identityOf(cloud, homeOf(race))).toBeUndefined();
  }

  return {
    kinds: Object.keys(races),
    async run(kind: string, race: number) {
      await races[kind]?.(race);
      await expectWhole(race);
      await leave(race);
    },
  };
}
