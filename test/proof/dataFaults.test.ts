/**
 * Every way in which the data behind a target can fail, on each of its wires, while a verification Job reads them. What fails once the Job's next
 * try rides out. What fails every time the verification tells of its target, and of the others nothing; it ends, and changes nothing. One Job
 * meets a way on every wire. The default run has one Job, a full one has every way.
 */

import type { Call } from "azure-sim/faults";
import { isShort, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { triedTargets } from "./support/dataTargets.ts";
import { type Way, ways } from "./support/matrix.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const namespace = "read";
const at = `/api/namespaces/${names.cluster}/${namespace}`;

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has a verification Job",
    more: { returns: "serviceBus" },
    verificationJob: { image: "verify-app", timeoutSeconds: 60 },
  });
  service = serviceOf(sandbox);
  const targets = Object.entries(triedTargets).map(([target, { access }]) => ({ target, access: [...access] }));
  const onboarded = await service.waitFor(
    await service.onboard({ cluster: names.cluster, namespace, targets }),
    80_000,
  );
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
});
afterAll(() => sandbox?.close());

interface Found {
  readonly target: string;
  readonly code: string;
}

async function verify(): Promise<readonly Found[]> {
  const { status, body } = await service.call("POST", `${at}/verify`);
  expect(status, JSON.stringify(body)).toBe(200);
  return (body["findings"] as Found[]).map(({ target, code }) => ({ target, code }));
}

function given(): string {
  const { roleAssignments, cosmosAssignments } = sandbox.cloud.world;
  return JSON.stringify([...roleAssignments.values(), ...cosmosAssignments.values()]);
}

/** What a verification says of a target whose only call has met it. Its roles are new: Azure may not have them everywhere. */
function codeFor({ effect, name }: Way): string | undefined {
  if (name === "unauthorized") return "LOGIN_NOT_YET_EFFECTIVE";
  if (effect.kind === "delay") return undefined;
  if (effect.kind !== "error") return "LOGIN_TARGET_UNREACHABLE";
  const isRefusal = effect.status === 401 || effect.status === 403;
  return isRefusal ? "LOGIN_NOT_YET_EFFECTIVE" : "LOGIN_TARGET_UNREACHABLE";
}

/** Something answered 200: it let the identity in, whatever it says. */
function isAnswer({ wire, way }: { readonly wire: Call["wire"]; readonly way: Way }): boolean {
  return way.name === "garbage" && wire !== "serviceBus";
}

it(`tells of each target what its data answered, and changes nothing (seed ${seed})`, async () => {
  const { faults } = sandbox.cloud;
  const dice = createDice(seed);
  const drawn = Object.entries(triedTargets).map(([target, { wire, call }]) => ({
    ...{ target, wire, call },
    ways: dice.shuffle(ways[wire]),
  }));
  const rounds = isShort ? 1 : 2 * shareOf(Math.max(...drawn.map((each) => each.ways.length)));
  const before = given();

  for (let round = 0; round < rounds; round += 1) {
    const isLasting = isShort || round % 2 === 1;
    const met = drawn.flatMap(({ ways: all, ...each }) => {
      const way = all[Math.floor(round / 2) % all.length];
      // Three tries without an answer take longer than the Job has.
      return way === undefined || (isLasting && way.effect.kind === "hang") ? [] : [{ ...each, way }];
    });
    const times = isLasting ? Number.POSITIVE_INFINITY : 1;
    for (const { wire, call, way } of met) faults.add({ wire, ...call, times, effect: way.effect });
    const found = await verify();
    const unmet = faults.active.filter(({ hits }) => hits === 0).map(({ fault }) => `${fault.wire} ${fault.target}`);
    faults.clear();

    const told = met
      .map(({ target, way }) => `${target}: ${way.name}, ${isLasting ? "every time" : "once"}`)
      .join("\n");
    expect(unmet, told).toEqual([]);
    const expected = met.flatMap((each) => {
      const code = isLasting && !isAnswer(each) ? codeFor(each.way) : undefined;
      return code === undefined ? [] : [{ target: each.target, code }];
    });
    const inOrder = (all: readonly Found[]) => all.toSorted((a, b) => a.target.localeCompare(b.target));
    expect(inOrder(found), told).toEqual(inOrder(expected));
  }
  expect(await verify()).toEqual([]);
  expect(given()).toBe(before);
}, 1_200_000);
