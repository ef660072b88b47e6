/** Other people in a simulated world: a team that wants another team's namespace, and one that exceeds its quota. */
import { isDeepStrictEqual } from "node:util";
import { createDice } from "test-support/random";
import {
  type AcceptanceContext,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../../src/application/decisions/decide.ts";
import { findUnrecorded } from "../../../src/application/inspection/unrecordedIdentities.ts";
import { federatedCredentialName, identityName, namespaceKey } from "../../../src/domain/naming/names.ts";
import { adoptedBy, readMark, readMetadata, readTags } from "../../../src/domain/naming/ownership.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { print } from "../../support/models/kubernetes.ts";
import { offboard, onboard } from "./acts.ts";
import { blue, operator, red } from "./callers.ts";
import { calmly, createAcceptanceContext, operate } from "./operate.ts";
import type { Stage } from "./stage.ts";
import type { World } from "./world.ts";
import { createRequest } from "./worldRequests.ts";

/** Every request of another team is refused as if the namespace did not exist, and nothing changes. */
export async function visitByStranger({ world, control, problems }: Stage, request: OnboardingRequest): Promise<void> {
  await calmly(world, async () => {
    const record = await world.registry.getNamespace(request);
    if (!record || record.team === "red") return;
    const before = structuredClone([...world.rows].filter(([table]) => table !== "MooringIdempotency"));
    const acceptance = createAcceptanceContext(world, {
      call: world.faults.call,
      instances: new Map(),
      by: red,
      control,
    });
    const namespaceRef = { cluster: request.cluster, namespace: request.namespace };
    const asked: Readonly<Record<string, (acceptance: AcceptanceContext) => Promise<unknown>>> = {
      NAMESPACE_TAKEN: () => acceptOnboarding(acceptance, request),
      FORBIDDEN: () => acceptOnboarding(acceptance, request, { takeOver: true }),
      NOT_ONBOARDED: () => acceptOffboarding(acceptance, namespaceRef),
      "NOT_ONBOARDED ": () => acceptUpkeep(acceptance, "Repairing", { namespaceRef, prepare: () => ({}) }),
      NOT_FOUND: () => cancelOperation(world.registry, record.operation, { by: red }),
    };
    for (const [code, ask] of Object.entries(asked)) {
      const answer = await ask(acceptance).catch((error: unknown) => (error instanceof Refusal ? error.code : error));
      if (answer !== code.trim()) problems.push(`a stranger was told ${JSON.stringify(answer)} instead of ${code}`);
    }
    const after = [...world.rows].filter(([table]) => table !== "MooringIdempotency");
    if (!isDeepStrictEqual(before, after)) problems.push("a stranger has changed something");
  });
}

/**
 * The registry loses the namespace's row. The drift timer tells of what Mooring made, and of what it lets pods use. Then the other team
 * asks for the namespace, which must not get what the first had beyond its own request; or an operator restores it. Without success,
 * the row is restored.
 */
export async function loseRecord(
  stage: Stage,
  { cluster, namespace, request, team, migration, clientId }: NamespaceRecord,
): Promise<void> {
  const { world, problems, seen, play } = stage;
  const { azure, dice, faults, rows } = world;
  const table = rows.get("MooringNamespaces");
  const [key, row] = [...(table ?? [])].find(([, { record }]) => Reflect.get(record, "namespace") === namespace) ?? [];
  const identity = azure.identities.get(identityName(request));
  // What a migration had begun, nobody could know of any more; nor what an identity had in whose place somebody has put another.
  if (!table || key === undefined || !row || !identity || identity.clientId !== clientId || migration) return;
  const owner = readTags(identity.tags)?.berth;
  const isMade = owner === namespaceKey({ cluster, namespace });
  if (!isMade && owner !== undefined) return;
  faults.trace?.push("— the registry loses the row");
  table.delete(key);
  problems.push(...(await checkTold(stage, request)));
  const isOperator = createDice(world.seed ^ 0x0b3a).chance(0.5);
  // What a narrower request left out, nobody could know of any more.
  const isOther = dice.chance(0.3) && !isOperator;
  const wanted = isOther ? createRequest(dice, { namespace }) : request;
  const restored = { ...request, ...(team === undefined ? {} : { team }) };
  const operation = await play(
    isOperator ? onboard(restored, operator, { adoptIdentity: identity.clientId }) : onboard(wanted, red),
  );
  seen.push(`lost, ${isMade ? "made" : "adopted"}: ${operation?.status} ${operation?.error?.code ?? ""}`.trim());
  if (operation?.status === "Succeeded" && !isOperator) problems.push("the second team got the first team's identity");
  if (operation?.status !== "Succeeded") table.set(key, row);
  else if (forgetLostMarks(world)) stage.somebodyMade(request);
}

/** A mark that somebody wrote over, and that only the lost row still had: what it was on is nobody's now. */
function forgetLostMarks({ postgres }: Pick<World, "postgres">): boolean {
  const lost = [...postgres.roles].filter(
    ([, { comment, lostComment }]) => lostComment !== undefined && readMark(comment)?.operation === undefined,
  );
  const adopted = [...postgres.roles].filter(([, role]) => readMark(role.comment)?.operation === null);
  for (const [name, role] of [...lost, ...adopted]) postgres.roles.set(name, { ...role, lostComment: undefined });
  return lost.length + adopted.length > 0;
}

/** Whatever of Mooring's lets pods use the identity, or is one, is told. */
export async function checkTold(
  { world, control }: Pick<Stage, "world" | "control">,
  request: OnboardingRequest,
): Promise<readonly string[]> {
  const name = identityName(request);
  const { spoil = (ports: Ports) => ports } = control;
  const ports = spoil(world.portsOf(world.faults.call));
  const { identities } = await calmly(world, () => findUnrecorded(ports));
  if (identities.some(({ identity }) => identity.name === name)) return [];
  const { azure, objects } = world;
  const isMade = readTags(azure.identities.get(name)?.tags ?? {})?.berth === namespaceKey(request);
  const credentials = (azure.credentials.get(name) ?? []).filter(
    (each) => each.name === federatedCredentialName(request, each.subject.split(":").at(-1) ?? ""),
  );
  const clientId = azure.identities.get(name)?.clientId;
  const accounts = [...objects.values()].map(print).filter(({ kind, metadata }) => {
    const isMarked = readMetadata(metadata) ?? adoptedBy(metadata);
    return (
      kind === "ServiceAccount" &&
      isMarked?.berth === namespaceKey(request) &&
      metadata.namespace === request.namespace &&
      metadata.annotations?.["azure.workload.identity/client-id"] === clientId
    );
  });
  const left = [
    ...(isMade ? [name] : []),
    ...credentials.map((each) => each.name),
    ...accounts.map(({ metadata }) => metadata.name),
  ];
  return left.map((each) => `the row is lost, and nobody is told of ${each}`);
}

/**
 * Two namespaces of a team whose quota is one, requested simultaneously at two instances of the service. Returns the request
 * that won, if one did; at worst, both give way.
 */
export async function raceForQuota({
  world,
  control,
  problems,
  seen,
  remember,
  somebodyKeeps,
}: Stage): Promise<OnboardingRequest | undefined> {
  // The other one is deleted entirely when both were accepted; a kept namespace would later have no owner.
  const requests = [world.request, { ...world.request, namespace: "team-b", deletePolicy: "Delete" as const }];
  const answered: OnboardingRequest[] = [];
  const ended = await operate(
    world,
    {
      by: blue,
      times: requests.length,
      isRace: true,
      async ask(acceptance, index) {
        const request = requests[index] ?? world.request;
        const answer = await acceptOnboarding(acceptance, request);
        answered.push(request);
        remember(answer.operation);
        return answer;
      },
    },
    control,
  );
  seen.push(`quota ${typeof ended === "string" ? ended : answered.length}`);
  if (typeof ended !== "string") problems.push(...ended.problems.map((each) => `quota: ${each}`));
  const count = await calmly(world, () => world.registry.countNamespaces("blue"));
  // A request accepted by a process that died, or whose write got no answer, is not counted again.
  const { deaths, passing, down } = world.weather;
  const isSure = deaths === 0 && passing === 0 && down === undefined;
  if (isSure && (count > 1 || answered.length > 1)) problems.push(`a team with quota 1 has ${count} namespaces`);
  const records = await calmly(world, () => Promise.all(requests.map((each) => world.registry.getNamespace(each))));
  const [first, second] = requests.filter((_, index) => records[index]);
  if (second) {
    await calmly(world, () => operate(world, offboard(second, blue), control));
    somebodyKeeps(second);
  }
  return first ?? answered[0];
}
