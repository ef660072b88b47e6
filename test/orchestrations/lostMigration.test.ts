/**
 * The registry lost the row of a namespace that was in the middle of a migration, and the namespace is onboarded again, in whichever
 * mode: what the other mode had is told as an error, and goes with a repair or an offboarding.
 */
import { expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planDeletion } from "../../src/application/dryRun/planDeletion.ts";
import { findCluster, identityIdOf } from "../../src/domain/catalog/clusters.ts";
import { severityOf } from "../../src/domain/finding.ts";
import { automaticCredential, identityName } from "../../src/domain/naming/names.ts";
import type { MigrationPhase } from "../../src/domain/operation/migration.ts";
import { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { migrateAsAsked, offboard, repair, send } from "../support/operations.ts";

const modes = IdentityMode.options;
const namespaceRef = { cluster: "aks-dev", namespace: "team-b" };
const name = identityName(namespaceRef);
const databases = [{ server: "sql-dev", database: "messages", roles: ["reader"] }];

/** The namespace is kept, so that it takes nothing with it. */
function requestIn(identityMode: IdentityMode): OnboardingRequest {
  return OnboardingRequest.parse({
    ...namespaceRef,
    identityMode,
    databases,
    deletePolicy: "Keep",
    adoptionPolicy: "Always",
  });
}

/** What lets pods of the namespace become its identity, as people see it. */
function waysIn({ objects, credentials, bindings, identities }: FakeCloud): readonly string[] {
  const kinds = ["AzureIdentity", "AzureIdentityBinding", "ClusterRole", "ClusterRoleBinding"];
  const isMarked = (value: object) => /mooring|client-id/.test(JSON.stringify(value));
  const marked = [...objects.values()].filter(({ kind, metadata }) => kind === "ServiceAccount" && isMarked(metadata));
  return [
    ...[...objects.values()].filter(({ kind }) => kinds.includes(kind)).map((each) => each.kind),
    ...marked.map(({ metadata }) => `ServiceAccount ${metadata.name}`),
    ...(identities.has(name) ? (credentials.get(name) ?? []) : []).map((each) =>
      each.name === automaticCredential ? "automatic credential" : "credential",
    ),
    ...[...bindings.values()].map(() => "binding"),
  ].toSorted();
}

const ofMode: Readonly<Record<IdentityMode, readonly string[]>> = {
  podIdentity: ["AzureIdentity", "AzureIdentityBinding"],
  workloadIdentity: ["ServiceAccount app", "credential"],
  identityBinding: ["ClusterRole", "ClusterRoleBinding", "ServiceAccount app", "automatic credential", "binding"],
};

/** Somebody made both before Mooring came. */
function placeByTeam({ identities, objects, ports: { catalog } }: FakeCloud): void {
  const { location } = findCluster(catalog, namespaceRef.cluster);
  const { tenantId } = catalog;
  identities.set(name, { ...newPair(), id: identityIdOf(catalog, namespaceRef), name, location, tenantId, tags: {} });
  for (const account of ["app", "worker"]) {
    const metadata = { name: account, namespace: namespaceRef.namespace, uid: `uid-${account}` };
    objects.set(`v1 ServiceAccount team-b/${account}`, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  }
}

const cases = modes.flatMap((from) =>
  modes.flatMap((to) =>
    modes.flatMap((again) =>
      [true, false].map((isMade) => ({
        from,
        to,
        again,
        isMade,
        whose: isMade ? "an identity of its own" : "one of others",
      })),
    ),
  ),
);

async function loseAndOnboard({ from, to, again, isMade }: (typeof cases)[number]): Promise<FakeCloud> {
  const cloud = createFakeCloud();
  providePorts(cloud.ports);
  if (!isMade) placeByTeam(cloud);
  const first = await send(cloud.ports, requestIn(from));
  expect(first.error?.message).toBeUndefined();
  const until: MigrationPhase = isMade ? "sideBySide" : "cutOver";
  const asked = { to, until, ...(from === "podIdentity" ? { serviceAccount: "worker" } : {}) };
  const migration = await migrateAsAsked(createAcceptanceContext(cloud), namespaceRef, { asked });
  expect(migration.error?.message).toBeUndefined();
  cloud.namespaces.clear();
  const adoptIdentity = cloud.identities.get(name)?.clientId ?? "";
  const second = await send(cloud.ports, requestIn(again), { adoptIdentity });
  expect(second.error?.message).toBeUndefined();
  return cloud;
}

it.each(cases.filter(({ from, to }) => from !== to))(
  "from $from to $to, onboarded again with $again and $whose",
  async (each) => {
    const cloud = await loseAndOnboard(each);
    const isSurplus = waysIn(cloud).length > ofMode[each.again].length;

    const errors = (cloud.namespaces.get("aks-dev/team-b")?.findings ?? []).filter(
      (finding) => severityOf(finding) === "Error",
    );
    expect(errors.length > 0).toBe(isSurplus);
    expect((await repair(cloud.ports, namespaceRef)).error?.message).toBeUndefined();
    expect(waysIn(cloud)).toEqual(ofMode[each.again]);
    expect(cloud.namespaces.get("aks-dev/team-b")?.findings).toEqual([]);

    const other = await loseAndOnboard(each);
    const plan = await planDeletion(createAcceptanceContext(other), namespaceRef);
    const offboarding = await offboard(other.ports, namespaceRef);
    expect(offboarding.error?.message).toBeUndefined();
    expect(waysIn(other)).toEqual([]);
    const did = [...other.steps]
      .filter(([key]) => key.startsWith(`${offboarding.id} `))
      .map(([, step]) => `${step.name} ${step.action}`);
    const planned = plan.steps.map((step) => `${step.name} ${step.action}`);
    expect(did.filter((step) => !step.startsWith("check") && !step.startsWith("verify"))).toEqual(
      expect.arrayContaining(planned),
    );
  },
);
