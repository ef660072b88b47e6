/** One identity in two clusters on all simulated wires, with a Job that logs in from each. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { identityOf } from "../proof/support/remains.ts";
import { actsOn, verifyNamespace } from "../support/namespaceActs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

const { cluster: aks, otherCluster: k3s } = names;
const sharedIdentity = `${aks}/orders`;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has a shared identity",
    otherCluster: "serviceAccount",
    verificationJob: { image: "message-app", timeoutSeconds: 20 },
    catalogFor: (_app, text) =>
      stringify({ ...parse(text), sharedIdentities: { [sharedIdentity]: { clusters: [aks, k3s] } } }),
  });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
});
afterAll(() => sandbox?.close());

const reads = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const home = {
  ...{ cluster: aks, namespace: "orders", deletePolicy: "Delete" },
  databases: [{ ...reads, roles: ["reader", "writer"] }],
};
const guest = { ...{ cluster: k3s, namespace: "orders", deletePolicy: "Delete" }, databases: [reads], sharedIdentity };

const onboard = async (request: object) => await service.waitFor(await service.onboard(request), 60_000);
const offboard = async (cluster: string) => await service.waitFor(await service.offboard(cluster, "orders"), 60_000);
const { plan: planOf } = actsOn(() => service);
const verify = (cluster: string) => verifyNamespace(service, `/api/namespaces/${cluster}/orders`);
const identity = () => identityOf(sandbox.cloud, "orders", aks);
const subjects = () =>
  [...(identity()?.federatedCredentials.values() ?? [])].map(({ issuer, subject }) => `${subject} from ${issuer}`);
const reached = async (query: string) => {
  const { body } = await service.call("GET", `/api/access?${query}`);
  const rows = body["value"] as { cluster: string; access: string[]; through?: string }[];
  return rows.map(({ cluster, access, through }) => ({ cluster, access, through }));
};

it("says before anything is written what the catalog does not allow, and what a request cannot have", async () => {
  const elsewhere = await service.call("POST", "/api/onboardings", { ...guest, sharedIdentity: `${k3s}/others` });
  expect(elsewhere).toMatchObject({ status: 422, body: { code: "SHARED_IDENTITY_NOT_ALLOWED" } });
  const bad = await service.call("POST", "/api/onboardings", {
    ...{ ...guest, cluster: aks, identityMode: "podIdentity" },
    databases: [{ ...reads, expiresAfter: "P1D" }],
  });
  expect(bad).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
  expect((bad.body["errors"] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted()).toEqual([
    "/databases/0/expiresAfter",
    "/identityMode",
    "/sharedIdentity",
  ]);
  const { body: offered } = await service.call("GET", "/api/catalog");
  expect(offered["sharedIdentities"]).toEqual([{ name: sharedIdentity, clusters: [aks, k3s] }]);
  const early = await planOf(guest);
  expect(early).toMatchObject({ blocked: true });
  expect(JSON.stringify(early)).toContain(`${sharedIdentity} is not onboarded for the same team`);
});

it("lets workloads of both clusters log in as one identity, and keeps it for whoever still has it", async () => {
  expect((await onboard(home)).status).toBe("Succeeded");
  const { clientId } = identity() ?? {};
  const plan = await planOf(guest);
  expect(plan["blocked"], JSON.stringify(plan)).toBe(false);
  expect(JSON.stringify(plan)).toContain(`${k3s}/orders can also reach what ${sharedIdentity} has: writer on database`);

  const joined = await onboard(guest);
  expect(joined.error ?? joined.status).toBe("Succeeded");
  expect(joined.result).toMatchObject({ clientId });
  expect(subjects()).toEqual([
    `system:serviceaccount:orders:app from ${sandbox.cloud.world.clusters.get(aks)?.oidcIssuer}`,
    `system:serviceaccount:orders:app from ${sandbox.cloud.issuers?.issuerOf(k3s)}`,
  ]);
  // A Job in each logs in to the database.
  expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);
  expect(await reached("target=sql-dev/messages")).toEqual([
    { cluster: aks, access: ["reader", "writer"], through: undefined },
    { cluster: k3s, access: ["reader", "writer"], through: sharedIdentity },
  ]);

  const narrowed = await onboard({ ...home, databases: [{ ...reads, database: "orders" }] });
  expect(narrowed.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
  const left = await offboard(aks);
  expect(left.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
  expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);

  // What the guest did not ask for may go.
  expect((await onboard({ ...home, databases: [reads] })).status).toBe("Succeeded");
  expect(await verify(k3s)).toEqual([]);
});

it("migrates the home to an identity binding and back, and the workload in the other kind of cluster logs in all along", async () => {
  const migrate = async (cluster: string, to: string) => {
    const { body } = await service.call("POST", `/api/namespaces/${cluster}/orders/migrate`, { to });
    return body["id"] === undefined ? body : await service.waitFor(String(body["id"]), 60_000);
  };
  const issuer = sandbox.cloud.issuers?.issuerOf(k3s);
  const ofGuest = `system:serviceaccount:orders:app from ${issuer}`;
  expect(await migrate(k3s, "identityBinding")).toMatchObject({ code: "MODE_NOT_ALLOWED" });

  expect(await migrate(aks, "identityBinding")).toMatchObject({ status: "Succeeded" });
  expect([...(identity()?.federatedCredentials.keys() ?? [])]).toContain("aks-identity-binding");
  expect(subjects()).toHaveLength(2);
  expect(subjects()).toContain(ofGuest);
  expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);

  expect(await migrate(aks, "workloadIdentity")).toMatchObject({ status: "Succeeded" });
  expect([...(identity()?.federatedCredentials.keys() ?? [])]).not.toContain("aks-identity-binding");
  expect(subjects()).toContain(ofGuest);
  expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);
});

it("leaves the home its identity when the guest goes, and nothing when the home goes", async () => {
  const gone = await offboard(k3s);
  expect(gone.error ?? gone.status).toBe("Succeeded");
  expect(subjects()).toHaveLength(1);
  expect(await verify(aks)).toEqual([]);

  const last = await offboard(aks);
  expect(last.error ?? last.status).toBe("Succeeded");
  expect(identity()).toBeUndefined();
  expect([...sandbox.cloud.world.identities.values()]).toEqual([]);
  // The namespace's record goes after the operation's end is written.
  await expect.poll(() => reached("target=sql-dev/messages")).toEqual([]);
});
