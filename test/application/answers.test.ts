/** What an operation was told, and how long that serves its later steps. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answers, readOnce, withAnswers } from "../../src/application/answers.ts";
import { unrecorded } from "../../src/application/recovery/watchLeftovers.ts";
import { runRecalling } from "../../src/application/steps/recalled.ts";
import { findCluster, identityRef } from "../../src/domain/catalog/clusters.ts";
import { TransientError } from "../../src/domain/errors.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";

afterEach(() => vi.useRealTimers());

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const object = (apiVersion: string, kind: string, name: string, namespace?: string) =>
  ({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }) as const;
const asObject = ({ apiVersion, kind, ...metadata }: ReturnType<typeof object>) => ({ apiVersion, kind, metadata });

const account = object("v1", "ServiceAccount", "app", "team-a");
const role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "use");
const binding = object("aadpodidentity.k8s.io/v1", "AzureIdentity", "id", "team-a");
const namespace = object("v1", "Namespace", "team-a");

function arrange() {
  const { ports } = createFakeCloud();
  const asked: string[] = [];
  const counted = {
    ...ports,
    kubernetes: {
      ...ports.kubernetes,
      get: async (...[, ref]: Parameters<Ports["kubernetes"]["get"]>) => void asked.push(ref.kind),
      apply: async (...[, written]: Parameters<Ports["kubernetes"]["apply"]>) => written,
    },
    identities: {
      ...ports.identities,
      get: async () => void asked.push("identity"),
      putFederatedCredential: async () => undefined,
      federatedCredentials: async () => {
        asked.push("credentials");
        return [];
      },
    },
  } as Ports;
  const cluster = findCluster(ports.catalog, "aks-dev");
  const ref = identityRef(ports.catalog, namespaceRef);
  const look = async (through: Ports) => {
    asked.length = 0;
    for (const each of [account, role, binding, namespace]) await through.kubernetes.get(cluster, each);
    await through.identities.get(ref);
    await through.identities.federatedCredentials(ref);
    return [...asked];
  };
  return { ports: counted, cluster, ref, look };
}

const all = ["ServiceAccount", "ClusterRole", "AzureIdentity", "Namespace", "identity", "credentials"];

it("asks once in one look, whoever asks", async () => {
  const { ports, look } = arrange();
  const once = readOnce(ports);

  expect(await look(once)).toEqual(all);
  expect(await look(once)).toEqual([]);
});

describe("what the steps of an operation recall", () => {
  const credential = { name: "c", issuer: "https://i", subject: "s", audiences: [] };
  type Arranged = ReturnType<typeof arrange>;
  it.each<[what: string, write: (through: Ports, arranged: Arranged) => Promise<unknown>, asked: readonly string[]]>([
    ["nothing was written", async () => undefined, []],
    [
      "a credential was written",
      ({ identities }, { ref }) => identities.putFederatedCredential(ref, credential),
      ["credentials"],
    ],
    ["the identity was removed", ({ identities }, { ref }) => identities.remove(ref), ["identity", "credentials"]],
    [
      "an object was written",
      ({ kubernetes }, { cluster }) => kubernetes.apply(cluster, asObject(account)),
      ["ServiceAccount", "Namespace"],
    ],
    [
      "the namespace was written",
      ({ kubernetes }, { cluster }) => kubernetes.apply(cluster, asObject(namespace)),
      ["ServiceAccount", "AzureIdentity", "Namespace"],
    ],
    [
      "a write was only tried",
      ({ kubernetes }, { cluster }) => kubernetes.apply(cluster, asObject(account), { dryRun: true }),
      [],
    ],
  ])("is not asked again where %s", async (_what, write, asked) => {
    const arranged = arrange();
    const { ports, look } = arranged;

    await withAnswers(ports, "op", async (answers) => {
      await look(answers.keeping(ports));
      await write(answers.keeping(ports), arranged);

      expect(await look(answers.recalling(ports).ports)).toEqual(asked);
    });
  });

  it("is nothing once a write may still land", async () => {
    const { ports, ref, look } = arrange();
    const lost = async () => {
      throw new TransientError("ARM_UNAVAILABLE", "no answer");
    };

    await withAnswers(ports, "op", async (answers) => {
      await look(answers.keeping(ports));
      const through = answers.keeping({ ...ports, identities: { ...ports.identities, remove: lost } });
      await through.identities.remove(ref).catch(() => undefined);

      expect(await look(answers.recalling(ports).ports)).toEqual(all);
    });
  });

  it("is what it read itself only from others, of this operation, and for a minute", async () => {
    vi.useFakeTimers();
    const { ports, look } = arrange();
    const recalled = (operation: string) =>
      withAnswers(ports, operation, async (answers) => await look(answers.recalling(ports).ports));

    expect(await recalled("one")).toEqual(all);
    expect(await recalled("other")).toEqual(all);
    expect(await recalled("one")).toEqual([]);
    vi.advanceTimersByTime(61_000);
    expect(await recalled("one")).toEqual(all);
  });
});

describe("a step that recalls", () => {
  const run = async (isKnown: boolean, step: Parameters<typeof runRecalling<{ action: "none" | "create" }>>[2]) => {
    const { ports, look } = arrange();
    return await withAnswers(ports, "op", async (answers: Answers) => {
      if (isKnown) await look(answers.keeping(ports));
      const recalling = answers.recalling(ports);
      return await runRecalling(recalling, unrecorded, async (context) => {
        await look(recalling.ports);
        return await step(context);
      });
    });
  };

  it.each<[what: string, step: Parameters<typeof run>[1]]>([
    ["does something", async () => ({ action: "create" })],
    ["fails", () => Promise.reject(new Error("conflict"))],
    ["announces something", async ({ willDo }) => ({ action: (await willDo("create")) ?? "none" })],
    [
      "goes on after it was refused",
      async ({ notice }) => ({ action: (await notice([]).catch(() => undefined)) ?? "none" }),
    ],
    ["says what others act on", async ({ expectAfresh }) => ({ action: (await expectAfresh()) ?? "none" })],
  ])("has to look for itself where it %s", async (_what, step) => {
    expect(await run(true, step)).toBeUndefined();
  });

  it("is done where it finds nothing to do, or has asked everything itself", async () => {
    expect(await run(true, async () => ({ action: "none" }))).toEqual({ action: "none" });
    expect(await run(false, async () => ({ action: "create" }))).toEqual({ action: "create" });
    await expect(run(false, () => Promise.reject(new Error("conflict")))).rejects.toThrow("conflict");
  });
});
