import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { federatedCredentialName, federatedSubject, identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer"] },
  ],
});
const key = "aks-dev/team-a";
const name = identityName(request);

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let written: string[];
beforeEach(async () => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
  written = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };
});

async function offboard({ ignoreDependants = false } = {}) {
  const { operation } = await acceptOffboarding(acceptance, request, { ignoreDependants });
  await acceptance.run();
  return cloud.operations.get(operation);
}

function ownSchema(ownedSchemas: readonly string[]) {
  const users = cloud.users.get("sql-dev/orders");
  const user = users?.get(name);
  if (user) users?.set(name, { ...user, ownedSchemas });
}

it("is done where a user cannot be dropped, which opens nothing any more", async () => {
  ownSchema(["app"]);

  const operation = await offboard();

  expect(operation).toMatchObject({ status: "Succeeded", leftInPlace: [expect.stringContaining("owns schema app")] });
  expect(cloud.users.get("sql-dev/orders")?.get(name)).toMatchObject({ roles: [], permissions: [], isDisabled: true });
  expect(cloud.namespaces.size).toBe(0);
});

it("shuts the way in although a target's access cannot be taken away", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (what === "change sql-dev/orders" && when === "before") throw new PermanentError("SQL_FORBIDDEN", "no right");
  };

  expect(await offboard()).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN" } });
  expect(cloud.credentials.get(name) ?? []).toEqual([]);
  expect(cloud.users.get("sql-dev/messages")?.has(name)).toBe(false);
  expect(cloud.identities.has(name)).toBe(true);

  cloud.onWrite = () => undefined;
  expect(await offboard()).toMatchObject({ status: "Succeeded" });
});

it.each([false, true])(
  "revokes what it can while the cluster does not answer, whether or not dependants are ignored: %s",
  async (ignoreDependants) => {
    const get: Ports["kubernetes"]["get"] = async () => {
      throw new TransientError("CLUSTER_UNREACHABLE", "it is away");
    };
    providePorts({ ...cloud.ports, kubernetes: { ...cloud.ports.kubernetes, get } });

    const operation = await offboard({ ignoreDependants });

    expect(operation).toMatchObject({ status: "Failed", error: { code: "CLUSTER_UNREACHABLE" } });
    expect(written).toEqual(expect.arrayContaining(["change sql-dev/messages", "change sql-dev/orders"]));
    expect([written.length, cloud.credentials.get(name)]).toEqual([3, []]);
    expect(cloud.namespaces.get(key)?.state).toBe("Incomplete");
  },
);

it("removes its credential from an identity that is no longer Mooring's, in either identity mode", async () => {
  const identity = cloud.identities.get(name);
  const [credential] = cloud.credentials.get(name) ?? [];
  if (!identity || !credential) throw new Error("it is not onboarded");
  await offboard();
  const pod = OnboardingRequest.parse({ ...request, identityMode: "podIdentity", adoptionPolicy: "Always" });
  cloud.identities.set(name, { ...identity, tags: {} });
  cloud.credentials.set(name, [credential, { ...credential, name: "theirs", subject: "repo:x" }]);
  await acceptOnboarding(acceptance, pod, { adoptIdentity: identity.clientId });
  await acceptance.run();
  // It gives too much, which a repair takes away, and breaks nothing.
  const onboarded = cloud.namespaces.get(key);

  const operation = await offboard();

  expect(onboarded).toMatchObject({ state: "Onboarded" });
  expect(onboarded?.findings?.map(({ code }) => code)).toEqual(["CREDENTIAL_SURPLUS", "CREDENTIAL_ADDED"]);
  expect(operation).toMatchObject({ status: "Succeeded" });
  expect(cloud.credentials.get(name)?.map((each) => each.name)).toEqual(["theirs"]);
});

it("removes what no record asks for under its own names from an adopted identity, and leaves what others have", async () => {
  const identity = cloud.identities.get(name);
  const [credential] = cloud.credentials.get(name) ?? [];
  if (!identity || !credential) throw new Error("it is not onboarded");
  cloud.identities.set(name, { ...identity, tags: {} });
  const of = (account: string) => ({
    ...{ ...credential, name: federatedCredentialName(request, account) },
    subject: federatedSubject(request.namespace, account),
  });
  const theirs = { ...credential, name: "theirs", subject: "repo:x" };
  cloud.credentials.set(name, [of("former"), credential, theirs]);
  const record = cloud.namespaces.get(key);
  if (record) cloud.namespaces.set(key, { ...record, things: [] });

  const operation = await offboard({ ignoreDependants: true });

  expect(operation).toMatchObject({ status: "Succeeded" });
  expect(cloud.credentials.get(name)).toEqual([theirs]);
  const differences = cloud.steps.get(`${operation?.id} unfederateIdentity ${name}`)?.differences ?? [];
  expect(differences.filter(({ field }) => field === "name").map(({ current }) => current)).toEqual([
    of("former").name,
    credential.name,
  ]);
});

it("removes a service account that came late from a namespace that stays, and leaves a copy of it", async () => {
  const own = cloud.objects.get("v1 ServiceAccount team-a/app");
  if (!own) throw new Error("it is not onboarded");
  const place = (account: string, managedFields = own.metadata.managedFields ?? []) =>
    cloud.objects.set(`v1 ServiceAccount team-a/${account}`, {
      ...own,
      metadata: { ...own.metadata, name: account, uid: `uid-${account}`, managedFields },
    });
  place("former");
  place("copy", [{ manager: "kubectl", operation: "Update" }]);
  cloud.objects.set("v1 Secret team-a/theirs", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "theirs", namespace: "team-a" },
  });

  const operation = await offboard();

  expect(operation).toMatchObject({ status: "Succeeded" });
  expect([...cloud.objects.keys()].filter((each) => each.includes("team-a"))).toEqual([
    "v1 Namespace /team-a",
    "v1 ServiceAccount team-a/copy",
    "v1 Secret team-a/theirs",
  ]);
});

it("stays Incomplete when it is refused after an earlier offboarding had begun", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (what === "remove identity" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "not yours");
  };
  await offboard();
  cloud.onWrite = ({ what }) => void written.push(what);
  const theirs = { ...cloud.ports.kubernetes, remove: refuse, apply: refuse };
  providePorts({ ...cloud.ports, kubernetes: theirs });

  const operation = await offboard();

  expect(operation).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_FORBIDDEN" } });
  expect(written).not.toContain("remove identity");
  expect(cloud.namespaces.get(key)?.state).toBe("Incomplete");
});

async function refuse(): Promise<never> {
  throw new PermanentError("KUBERNETES_FORBIDDEN", "no rights");
}
