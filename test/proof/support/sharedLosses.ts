/**
 * The registry loses the row of a namespace that shares an identity, or of one with an identity of its own that another team asks to
 * share. Nobody gets pods that can use what the first team has. Then the row is restored.
 */

import type { Dice } from "test-support/random";
import { type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { type Act, offboard, onboard, repair } from "./acts.ts";
import { green, operator, red } from "./callers.ts";
import { checkTold } from "./others.ts";
import { play, type Setting } from "./sharedDeeds.ts";
import { takeSnapshot } from "./snapshot.ts";
import { createRequest } from "./worldRequests.ts";

/** What is there for it to happen to. */
export interface Sharing {
  readonly home: NamespaceRecord;
  /** Onboarded, without a migration. */
  readonly guest: NamespaceRecord | undefined;
  /** A namespace that may become a guest. */
  readonly absent: NamespaceRef | undefined;
}

export async function loseRow(setting: Setting, dice: Dice, { home, guest, absent }: Sharing): Promise<void> {
  const losses = [
    () => loseHome(setting, home, guest),
    ...(guest ? [() => loseGuest(setting, guest)] : []),
    ...(absent && home.team === "green" ? [() => loseOwn(setting, dice, { home, namespaceRef: absent })] : []),
  ];
  await dice.pick(losses)();
}

/** A guest loses nothing either. */
async function loseHome(setting: Setting, home: NamespaceRecord, guest: NamespaceRef | undefined): Promise<void> {
  const { world, control, problems } = setting;
  await without(setting, home, async () => {
    problems.push(...(await checkTold({ world, control }, home.request)));
    await refuse(setting, "home", onboard(home.request, red), "the second team got the home's identity");
    const repaired = guest && (await play(setting, repair(guest, operator)));
    if (repaired?.status === "Succeeded") problems.push("a guest was repaired whose home no record knows");
  });
}

async function loseGuest(setting: Setting, guest: NamespaceRecord): Promise<void> {
  const { sharedIdentity: _none, ...own } = guest.request;
  await without(setting, guest, async () => {
    await refuse(setting, "guest", onboard(own, red), "pods of the second team can use the home's identity");
  });
}

async function loseOwn(
  setting: Setting,
  dice: Dice,
  { home, namespaceRef }: { readonly home: NamespaceRecord; readonly namespaceRef: NamespaceRef },
): Promise<void> {
  const { world, problems } = setting;
  const own = createRequest(dice, namespaceRef);
  if ((await play(setting, onboard(own, red)))?.status !== "Succeeded") return;
  const { targets: _none, ...rest } = own;
  const [database] = home.request.databases;
  const asGuest = OnboardingRequest.parse({
    ...{ ...rest, databases: database ? [database] : [], sharedIdentity: namespaceKey(home) },
    identityMode: "workloadIdentity",
  });
  await without(setting, own, async () => {
    await refuse(setting, "own", onboard(asGuest, green), "pods of the second team can use the first one's identity");
  });
  const left = await play(setting, offboard(namespaceRef, operator));
  if (left?.status !== "Succeeded") problems.push(`the first team cannot go: ${JSON.stringify(left?.error)}`);
  world.faults.trace?.push("— the first team goes");
}

async function refuse(setting: Setting, what: string, act: Act, otherwise: string): Promise<void> {
  const got = await play(setting, act);
  setting.seen.push(`lost ${what}: ${got?.status} ${got?.error?.code ?? ""}`.trim());
  if (got?.status === "Succeeded") setting.problems.push(otherwise);
}

async function without(
  setting: Setting,
  { cluster, namespace }: NamespaceRef,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { world, home, problems } = setting;
  const table = world.rows.get("MooringNamespaces");
  const [key, row] = [...(table ?? [])].find(([, { record }]) => Reflect.get(record, "namespace") === namespace) ?? [];
  if (!table || key === undefined || !row) return;
  world.faults.trace?.push(`— the registry loses the row of ${namespaceKey({ cluster, namespace })}`);
  table.delete(key);
  const before = takeSnapshot(world, home);
  await meanwhile();
  const after = takeSnapshot(world, home);
  const isOther = (each: string) => after.get(each)?.content !== before.get(each)?.content;
  const others = [...new Set([...before.keys(), ...after.keys()])].filter(isOther);
  problems.push(...others.map((each) => `while the row was lost, it changed: ${each}`));
  table.set(key, row);
}
