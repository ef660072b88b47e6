/** A process that dies between the two records of an operation's end: its proof is lost, but not what the namespace has. */
import { expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

const record = (cloud: ReturnType<typeof createFakeCloud>) => cloud.namespaces.get("aks-dev/team-a");

it.each(["onboarding", "repair"])("the record after such an end has the marks of all things: %s", async (which) => {
  const cloud = createFakeCloud();
  const acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  await acceptOnboarding(acceptance, request);
  if (which === "repair") {
    await acceptance.run();
    cloud.identities.clear();
    cloud.credentials.clear();
    await acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
  }

  await acceptance.run({
    async execute(activity, run) {
      if (activity !== "verifyAndConclude") return await run();
      // The end is written to the operation's record only.
      const away = async () => {
        throw new TransientError("REGISTRY_UNAVAILABLE", "the tables are away");
      };
      providePorts({ ...cloud.ports, registry: { ...cloud.ports.registry, replaceNamespace: away } });
      await run();
      providePorts(cloud.ports);
      return await run();
    },
  });

  const { state, clientId, things = [] } = record(cloud) ?? {};
  expect(state).toBe("Onboarded");
  const [identity] = cloud.identities.values();
  expect(clientId).toBe(identity?.clientId);
  expect(things.map(({ id }) => id)).toContain(identity?.principalId);
  expect(things.map(({ thing }) => thing)).toEqual(expect.arrayContaining(["sql-dev/messages", "ServiceAccount app"]));
});
