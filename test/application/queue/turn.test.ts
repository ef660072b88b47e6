/** What becomes of a request that waited when its turn comes. */

import { beforeEach, describe, expect, it } from "vitest";
import { acceptOffboarding } from "../../../src/application/acceptance/acceptance.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { apiVersion, kind } from "../../../src/domain/request/objectForm.ts";
import { createAcceptanceContext } from "../../support/acceptanceContext.ts";
import { hold, request, World } from "./world.ts";

let world: World;

beforeEach(() => {
  world = new World();
});

describe("at its turn", () => {
  it("a refused request is dead-lettered with its code, and the next one begins", async () => {
    await hold(world);
    world.send(request(["writer"], { identityMode: "podIdentity" }));
    world.send(request(["executor"]));
    await world.deliverAll();

    await world.end();

    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "MODE_CHANGE_REFUSED" } }]);
    expect(world.requests()).toEqual(["reader", "executor"]);
  });

  it("a request that was sent as an object is refused by its own field names", async () => {
    await hold(world);
    const { cluster, namespace, ...spec } = request(["writer"]);
    world.send({ apiVersion, kind, metadata: { name: "some-name", namespace }, spec: { cluster, ...spec } });
    await world.deliverAll();
    world.redeploy({ sqlServers: {} });

    await world.end();

    expect(world.deadLetters).toMatchObject([
      { properties: { DeadLetterErrorDescription: expect.stringContaining("/spec/databases/0/server") } },
    ]);
  });

  it("a request that waited through an offboarding finds a free namespace", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    const record = await world.conclude();
    await acceptOffboarding(createAcceptanceContext(world.cloud), record);
    await world.survive(() => world.backlog.reconcile(world.worker));
    expect(world.requests()).toEqual(["reader"]);

    await world.end();

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.held()).toMatchObject({ state: "Onboarding" });
  });

  it("a request that is already fulfilled needs no operation", async () => {
    await hold(world);
    for (const role of ["writer", "reader", "reader"]) world.send(request([role]));
    await world.deliverAll();

    await world.settle();

    expect(world.requests()).toEqual(["reader", "writer", "reader"]);
    expect(world.deadLetters).toEqual([]);
  });

  it("a request begins even if its message was removed: the registry has it", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    const [deferred] = world.queue.receiveDeferred(world.queue.peek().map(({ sequenceNumber }) => sequenceNumber));
    world.queue.complete(deferred?.lockToken ?? "");

    await world.end();

    expect(world.requests()).toEqual(["reader", "writer"]);
    expect(world.cloud.waiting.size).toBe(0);
  });

  it("a request waits for the timer when the registry does not answer", async () => {
    await hold(world);
    world.send(request(["writer"]));
    await world.deliverAll();
    const { firstWaiting } = world.cloud.ports.registry;
    world.cloud.ports.registry.firstWaiting = async () => {
      throw new TransientError("REGISTRY_UNAVAILABLE", "away");
    };

    await world.end();
    expect(world.requests()).toEqual(["reader"]);
    expect(world.warnings.join()).toContain("waiting request not begun yet");
    world.cloud.ports.registry.firstWaiting = firstWaiting;
    await world.survive(() => world.backlog.reconcile(world.worker));

    expect(world.requests()).toEqual(["reader", "writer"]);
  });
});

describe("what a namespace would lose", () => {
  const larger = request(["reader", "executor"]);

  it("keeps the sign of the message while the request waits", async () => {
    world.send(larger);
    await world.deliverAll();
    world.send(request(["reader"]));
    await world.deliverAll();
    expect([...world.cloud.waiting.values()]).toMatchObject([{ isRemovalConfirmed: true }]);

    await world.end();

    expect(world.requests()).toEqual(["reader,executor", "reader"]);
  });

  it("goes to the dead letters at its turn if its message has no sign", async () => {
    world.send(larger);
    await world.deliverAll();
    world.isConfirming = false;
    world.send(request(["reader"]));
    await world.deliverAll();

    await world.end();

    expect(world.requests()).toEqual(["reader,executor"]);
    expect(world.deadLetters).toMatchObject([{ properties: { DeadLetterReason: "REMOVAL_NOT_CONFIRMED" } }]);
  });

  it("goes if the request waits since an earlier release, which asked for no sign", async () => {
    world.send(larger);
    await world.deliverAll();
    world.isConfirming = false;
    world.send(request(["reader"]));
    await world.deliverAll();
    for (const [key, { isRemovalConfirmed: _new, ...row }] of world.cloud.waiting) world.cloud.waiting.set(key, row);

    await world.end();

    expect(world.requests()).toEqual(["reader,executor", "reader"]);
  });
});
