/** The operator's catalog loses what a namespace has access to, has it elsewhere, or forbids it. */

import { createDice, type Dice } from "test-support/random";
import type { Caller } from "../../../src/domain/access/caller.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { type Act, longAgo, look, offboard, offboardAnyway, onboard, repair } from "./acts.ts";
import { calm } from "./faults.ts";
import { calmly } from "./operate.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Stage } from "./stage.ts";
import { isInhabited } from "./visitors.ts";
import type { World } from "./world.ts";

type Catalog = World["catalog"];
type TargetRequest = NonNullable<OnboardingRequest["targets"]>[number];

export async function changeCatalog(stage: Stage, record: NamespaceRecord, by: Caller): Promise<void> {
  const { seed, roleTargets } = stage.world;
  // Separate dice, so that the other worlds stay the same.
  const dice = createDice(seed ^ 0xca7a);
  const { targets = [] } = record.request;
  if (targets.length === 0 || dice.chance(0.4)) return await dropDatabase(stage, record, by);
  const wanted = dice.pick(targets);
  // Elsewhere, the worlds' other servers and accounts have nothing.
  if (Object.hasOwn(roleTargets, wanted.target) && dice.chance(0.5))
    return await moveTarget(stage, wanted, repair(record, by));
  return await dropTarget(stage, record, { by, dice, wanted });
}

async function dropDatabase(stage: Stage, record: NamespaceRecord, by: Caller): Promise<void> {
  const { catalog, dice, faults } = stage.world;
  const { request } = record;
  const gone = dice.pick(request.databases);
  const { sqlServers } = catalog;
  const server = sqlServers[gone.server];
  if (!server) return;
  faults.trace?.push(`— the catalog drops ${gone.server}/${gone.database}`);
  const { [gone.database]: _dropped, ...databases } = server.databases;
  const left = request.databases.filter((each) => each !== gone);
  const isChange = left.length > 0 && record.migration === undefined && dice.chance(0.6);
  const without = { sqlServers: { ...sqlServers, [gone.server]: { ...server, databases } } };
  await playWithout(
    stage,
    without,
    isChange ? onboard({ ...request, databases: left }, by) : leaving(stage, record, by),
  );
}

async function dropTarget(
  stage: Stage,
  record: NamespaceRecord,
  { by, dice, wanted }: { readonly by: Caller; readonly dice: Dice; readonly wanted: TargetRequest },
): Promise<void> {
  const { catalog, faults } = stage.world;
  const { targets: asked = [], ...request } = record.request;
  faults.trace?.push(`— the catalog drops ${wanted.target}`);
  const { [wanted.target]: _dropped, ...targets } = catalog.targets;
  const left = asked.filter((each) => each !== wanted);
  const isChange = record.migration === undefined && dice.chance(0.6);
  const next = { ...request, ...(left.length > 0 ? { targets: left } : {}) };
  await playWithout(stage, { targets }, isChange ? onboard(next, by) : leaving(stage, record, by));
}

/** Offboarding it anyway would take what visitors have in it, as asked. */
function leaving({ world }: Stage, record: NamespaceRecord, by: Caller): Act {
  return (isInhabited(world.objects, record) ? offboard : offboardAnyway)(record, by);
}

/** The namespace can still be changed and offboarded, and loses its access there. Then the catalog is as before. */
async function playWithout({ world, play }: Stage, changes: Partial<Catalog>, act: Act): Promise<void> {
  const { catalog, faults } = world;
  const { sqlServers, targets, clusters } = catalog;
  const { plan } = faults;
  faults.plan = calm;
  Object.assign(catalog, changes);
  await play(act);
  Object.assign(catalog, { sqlServers, targets, clusters });
  faults.plan = plan;
}

/** What somebody has taken away is not given back, by a repair either; what is there is a finding of the next look. Some worlds have it. */
export async function forbidTarget(stage: Stage, record: NamespaceRecord, by: Caller): Promise<boolean> {
  const { world, problems } = stage;
  const { catalog, faults, azure, registry, roleTargets, seed } = world;
  // Separate dice, so that the other worlds stay the same.
  const dice = createDice(seed ^ 0xf0b1);
  const known = (record.request.targets ?? []).filter(({ target }) => Object.hasOwn(roleTargets, target));
  if (known.length === 0 || !dice.chance(0.25)) return false;
  const { target } = dice.pick(known);
  const { clusters, targets } = catalog;
  const [cluster, entry] = [clusters[record.cluster], targets[target]];
  if (!cluster || !entry) return false;
  faults.trace?.push(`— the catalog forbids ${target}`);
  const isThere = ({ scope }: { scope: string }) => scope.endsWith(`/${target}`);
  const isTaken = dice.chance(0.7);
  if (isTaken) {
    const before = takeSnapshot(world, record);
    for (const [id, role] of azure.roleAssignments) if (isThere(role)) azure.roleAssignments.delete(id);
    const after = takeSnapshot(world, record);
    stage.somebodyChanged([...before.keys()].filter((key) => !after.has(key)));
  }
  const before = [...azure.roleAssignments.keys()];
  const forbidding = {
    clusters: { ...clusters, [record.cluster]: { ...cluster, environment: "dev" } },
    targets: { ...targets, [target]: { ...entry, environment: "prod" } },
  };
  await playWithout(stage, forbidding, isTaken ? repair(record, by) : look(record, registry));
  const given = [...azure.roleAssignments].filter(([id, role]) => isThere(role) && !before.includes(id));
  problems.push(...given.map(([id]) => `the catalog forbids it, and Mooring gave ${id}`));
  const now = await calmly(world, () => registry.getNamespace(record));
  const isSeen = now?.state === "Onboarded" && now.lookedTime === now.verifiedTime && now.lookedTime !== longAgo;
  const codes = (now?.findings ?? []).flatMap((each) => (each.target === target ? [each.code] : []));
  if (!isTaken && isSeen && !codes.some((code) => code === "TARGET_FORBIDDEN" || code === "TARGET_MOVED"))
    problems.push(`the catalog forbids ${target}, and the look says ${codes.join() || "nothing"}`);
  return true;
}

/** For good: a repair leaves the access where it was, and whoever asks for it again takes it along. */
async function moveTarget({ world, play }: Stage, { target }: TargetRequest, act: Act): Promise<void> {
  const { catalog, faults } = world;
  const entry = catalog.targets[target];
  if (!entry) return;
  faults.trace?.push(`— the catalog moves ${target}`);
  const resourceId = entry.resourceId.includes("/data/")
    ? entry.resourceId.replace("/data/", "/moved/")
    : entry.resourceId.replace("/moved/", "/data/");
  Object.assign(catalog, { targets: { ...catalog.targets, [target]: { ...entry, resourceId } } });
  await play(act);
}
