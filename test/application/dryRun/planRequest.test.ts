/** The plan of a request is refused whenever the request would be. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../../src/application/acceptance/acceptance.ts";
import { planRequest } from "../../../src/application/dryRun/planRequest.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

let acceptance: TestAcceptanceContext;

beforeEach(() => {
  const cloud = createFakeCloud();
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
});

const onboarded = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  identityMode: "podIdentity",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const another = { ...onboarded, databases: [{ server: "sql-dev", database: "orders", roles: ["reader" as const] }] };

async function expectRefusal(code: string): Promise<void> {
  await expect(planRequest(acceptance, another)).rejects.toMatchObject({ code });
  await expect(acceptOnboarding(acceptance, another)).rejects.toMatchObject({ code });
}

it("is refused while another operation holds the namespace", async () => {
  await acceptOnboarding(acceptance, onboarded);
  await expectRefusal("OPERATION_IN_PROGRESS");
  await acceptance.run();

  await acceptOffboarding(acceptance, onboarded);
  await expectRefusal("OPERATION_IN_PROGRESS");
});

it("is refused between two phases of a migration", async () => {
  await acceptOnboarding(acceptance, onboarded);
  await acceptance.run();
  const migration = { until: "sideBySide", serviceAccount: "app", selector: "team-a" } as const;
  await acceptUpkeep(acceptance, "Migrating", { namespaceRef: onboarded, prepare: () => ({ migration }) });
  await acceptance.run();

  await expectRefusal("MIGRATION_PENDING");
});
