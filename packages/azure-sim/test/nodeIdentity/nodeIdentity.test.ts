import { randomUUID } from "node:crypto";
import { ManagedIdentityCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type NodeIdentity, startNodeIdentity } from "../../src/nodeIdentity/index.ts";
import type { SimulatorContext } from "../../src/simulator.ts";
import type { Identity } from "../../src/world.ts";
import { addIdentity, createContext } from "../entra/fixture.ts";

const scope = "https://database.windows.net/.default";
const assigned: unknown[] = [];
/** The next values of the random generator. */
const drawn: number[] = [];
let context: SimulatorContext;
let node: NodeIdentity;

beforeAll(async () => {
  context = await createContext();
  node = startNodeIdentity(context, {
    assignedIdentities: (cluster) => (cluster === "aks-dev" ? assigned : []),
    random: () => drawn.shift() ?? 0,
  });
});

afterEach(() => {
  vi.unstubAllEnvs();
  context.faults.clear();
  assigned.length = 0;
});

afterAll(() => node.close());

function assign(
  { id, clientId }: Pick<Identity, "id" | "clientId">,
  {
    pod = "app",
    status = "Assigned",
    identityNamespace = "team-a",
  }: { pod?: string; status?: string; identityNamespace?: string } = {},
) {
  const annotations = { "aadpodidentity.k8s.io/Behavior": "namespaced" };
  assigned.push({
    spec: {
      pod,
      podNamespace: "team-a",
      azureIdentityRef: {
        metadata: { name: "any", namespace: identityNamespace, annotations },
        spec: { resourceID: id, clientID: clientId },
      },
    },
    status: { status },
  });
}

async function credentialIn(pod: string, clientId?: string): Promise<ManagedIdentityCredential> {
  const { authorityHost } = await node.attachPod({ cluster: "aks-dev", namespace: "team-a", pod });
  vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", authorityHost);
  // The library retries a 404 for half a minute; one retry is enough here.
  return new ManagedIdentityCredential({
    ...(clientId === undefined ? {} : { clientId }),
    retryOptions: { maxRetries: 0 },
  });
}

async function ask(pod: string, query: string, headers: Record<string, string> = { Metadata: "true" }) {
  const { authorityHost } = await node.attachPod({ cluster: "aks-dev", namespace: "team-a", pod });
  return fetch(`${authorityHost}/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`, { headers });
}

test("gives a pod the token of the identity that is assigned to it", async () => {
  const identity = addIdentity(context.world, "assigned");
  assign(identity);

  const { token } = await (await credentialIn("app", identity.clientId)).getToken(scope);

  expect(decodeJwt(token)).toMatchObject({
    appid: identity.clientId,
    oid: identity.principalId,
    aud: "https://database.windows.net",
  });
});

test("needs no client id when one identity is assigned, regardless of the case of its resource id", async () => {
  const identity = addIdentity(context.world, "only");
  assign({ id: identity.id.toUpperCase(), clientId: identity.clientId });

  const { token } = await (await credentialIn("app")).getToken(scope);

  expect(decodeJwt(token)["appid"]).toBe(identity.clientId);
});

test("gives a pod with two identities that asks for neither a random one of them", async () => {
  const identities = [addIdentity(context.world, "one"), addIdentity(context.world, "other")];
  for (const identity of identities) assign(identity);
  drawn.push(0, 0.99, 0.49);

  const given: unknown[] = [];
  for (const _ of drawn.slice()) {
    const answer = await ask("app", "resource=https://database.windows.net/");
    given.push(decodeJwt(String(((await answer.json()) as { access_token: string }).access_token))["appid"]);
  }

  const [one, other] = identities.map(({ clientId }) => clientId);
  expect(given).toEqual([one, other, one]);
});

test("answers 403 to a pod without an identity, and to one that asks for another's", async () => {
  const identity = addIdentity(context.world, "others");
  assign(identity, { pod: "neighbour" });

  expect((await ask("app", "resource=https://database.windows.net/")).status).toBe(403);
  expect((await ask("neighbour", "resource=https://database.windows.net/")).status).toBe(200);
  expect((await ask("neighbour", `resource=https://database.windows.net/&client_id=${randomUUID()}`)).status).toBe(403);
});

test("answers 404 while the identity is not yet on the node", async () => {
  assign(addIdentity(context.world, "created"), { status: "Created" });

  expect((await ask("app", "resource=https://database.windows.net/")).status).toBe(404);
});

test("ignores a namespaced identity of another namespace", async () => {
  assign(addIdentity(context.world, "elsewhere"), { identityNamespace: "team-b" });

  expect((await ask("app", "resource=https://database.windows.net/")).status).toBe(403);
});

test("gives no token when the resource id and the client id do not match", async () => {
  const identity = addIdentity(context.world, "recreated");
  const former = randomUUID();
  assign({ id: identity.id, clientId: former });

  expect((await ask("app", "resource=https://database.windows.net/")).status).toBe(403);
  // Asks by client id: without one, MSAL shares a cached token among all credentials of a process.
  await expect((await credentialIn("app", former)).getToken(scope)).rejects.toThrow(/ManagedIdentityCredential: Auth/);
});

test.each([
  ["the header Metadata: true", "resource=https://database.windows.net/", {}],
  ["a resource", "", { Metadata: "true" }],
])("answers 400 without %s", async (_, query, headers) => {
  assign(addIdentity(context.world, "headers"));

  expect((await ask("app", query, headers)).status).toBe(400);
});

test("applies scripted faults by cluster, namespace and pod", async () => {
  const identity = addIdentity(context.world, "faulty");
  assign(identity, { pod: "slow" });
  const call = { wire: "nodeIdentity", operation: "token", target: "aks-dev/team-a/slow" } as const;
  context.faults.add({ ...call, effect: { kind: "error", code: 503, retryAfterSeconds: 20 } });

  const first = await ask("slow", "resource=https://database.windows.net/");
  const second = await ask("slow", "resource=https://database.windows.net/");

  expect([first.status, first.headers.get("retry-after"), second.status]).toEqual([503, "20", 200]);
  expect(context.faults.journal.filter(({ target }) => target === call.target)).toEqual([call, call]);
});

test("stops answering a pod that is detached", async () => {
  const { authorityHost, detach } = await node.attachPod({ cluster: "aks-dev", namespace: "team-a", pod: "gone" });
  await detach();
  await detach();

  await expect(fetch(authorityHost)).rejects.toThrow();
});
