/** Scenarios of access that ends: the orchestrations that take a part of it away. */
import { expiryCaller } from "../../../src/domain/access/caller.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { issuer } from "../../support/fakeCloud.ts";
import { type Act, expire, expireAgain } from "./acts.ts";
import { base, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

async function play({ acceptance, run }: Stage, act: Act): Promise<void> {
  await act.ask({ ...acceptance, by: expiryCaller });
  await run();
}

/** Access to one of the two databases has ended. */
async function endOrders(stage: Stage): Promise<void> {
  const { registry } = stage.cloud.ports;
  const record = await registry.getNamespace(base);
  if (!record) throw new Error("nothing is onboarded");
  await play(stage, expire(record, registry, "sql-dev/orders"));
}

export const expiryScenarios = {
  "access-ends": async (stage) => {
    await stage.onboard();
    await endOrders(stage);
  },
  "access-ends-in-vain-and-again": async (stage) => {
    await stage.onboard();
    refuseWrites(stage.cloud, "apply ConfigMap");
    await endOrders(stage);
    refuseWrites(stage.cloud);
    await play(stage, expireAgain(base, "change"));
  },
  "all-access-ends-in-the-way-of-others": async (stage) => {
    const { cloud } = stage;
    await stage.onboard();
    const name = identityName(base);
    const own = cloud.credentials.get(name) ?? [];
    const others = { name: "of-others", issuer, subject: "system:serviceaccount:elsewhere:app", audiences: [] };
    cloud.credentials.set(name, [...own, others]);
    const record = await cloud.ports.registry.getNamespace(base);
    if (!record) throw new Error("nothing is onboarded");
    await play(stage, expire(record, cloud.ports.registry));
    cloud.credentials.set(name, []);
    await play(stage, expireAgain(base, "change"));
  },
  "access-ends-and-the-rest-is-unread": async (stage) => {
    const { ports } = stage.cloud;
    await stage.onboard();
    const { inspect } = ports.databases;
    const unread: typeof inspect = async (target, ...more) => {
      if (target.database === "messages") throw new TransientError("SQL_UNAVAILABLE", "it does not answer");
      return await inspect(target, ...more);
    };
    Object.assign(ports, { databases: { ...ports.databases, inspect: unread } });
    await endOrders(stage);
  },
} satisfies Readonly<Record<string, Scenario>>;
