import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { startArm } from "azure-sim/arm";
import type { Effect } from "azure-sim/faults";
import { startHttpServer } from "azure-sim/httpServer";
import type { Simulator, SimulatorContext } from "azure-sim/simulator";
import { addMooring, addSqlServer, armScope, credentialOf, group } from "azure-sim/testing/arm";
import { addIdentity, createContext, tokenAudience } from "azure-sim/testing/entra";
import { assignRole, type ServicePrincipal } from "azure-sim/world";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type ArmOptions, createArm } from "../../../src/adapters/arm/index.ts";
import { renewable } from "../../../src/adapters/credential.ts";
import type { PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import type { SqlServerTarget } from "../../../src/domain/targets/sqlDatabase.ts";
import type { FederatedCredential, IdentityRef } from "../../../src/ports/identities.ts";
import { principalIdOf } from "../../support/ids.ts";

let context: SimulatorContext;
let mooring: ServicePrincipal;
let server: Simulator;
let arm: ReturnType<typeof createArm>;

beforeAll(async () => {
  context = await createContext();
  mooring = addMooring(context.world);
  server = await startArm(context);
  arm = adapter();
});

afterEach(() => {
  context.faults.clear();
  context.faults.latencyMs = 0;
});

afterAll(() => server.close());

function adapter(options: Partial<ArmOptions> = {}) {
  return createArm({
    credential: credentialOf(context.world, mooring),
    endpoint: server.url,
    scope: armScope,
    identityWriteIntervalMs: 0,
    ...options,
  });
}

function ref(name: string): IdentityRef {
  return { subscriptionId: context.world.subscriptionId, resourceGroup: group, name };
}

function credential(name: string, subject = `system:serviceaccount:${name}:app`): FederatedCredential {
  return { name, issuer: "https://issuer.example/", subject, audiences: [tokenAudience] };
}

function target(name: string): SqlServerTarget {
  return {
    alias: name,
    resourceId: `/subscriptions/${context.world.subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/${name}`,
    host: "localhost",
    port: 1433,
    userCreation: "sid",
    databases: {},
  };
}

test("loads no SDK before its first use, since SDKs take most of the start-up time", async () => {
  for (const file of await readdir("src/adapters/arm")) {
    const source = await readFile(join("src/adapters/arm", file), "utf8");
    expect(source.match(/^import (?!type ).* from "@azure\/.*$/gm) ?? [], file).toEqual([]);
  }
});

test("creates, reads, tags, lists and removes an identity, and ignores a second removal", async () => {
  const { identities } = arm;
  expect(await identities.get(ref("mooring-a"))).toBeUndefined();

  const created = await identities.put(ref("mooring-a"), { location: "westeurope", tags: { owner: "mooring" } });

  expect(created).toMatchObject({ name: "mooring-a", location: "westeurope", tags: { owner: "mooring" } });
  expect(created).toMatchObject({ tenantId: context.world.tenantId });
  expect(await identities.get(ref("mooring-a"))).toEqual(created);
  const tagged = await identities.put(ref("mooring-a"), { location: "westeurope", tags: { owner: "other" } });
  expect(tagged).toEqual({ ...created, tags: { owner: "other" } });

  const { name: _name, ...place } = ref("");
  expect(await identities.listIn(place)).toContainEqual(tagged);
  expect(await identities.listIn({ ...place, resourceGroup: "nowhere" })).toEqual([]);

  await identities.remove(ref("mooring-a"));
  await identities.remove(ref("mooring-a"));

  expect(await identities.get(ref("mooring-a"))).toBeUndefined();
});

test("writes, lists and removes federated credentials, and lists none for an identity that is gone", async () => {
  const { identities } = arm;
  addIdentity(context.world, "federated");

  await identities.putFederatedCredential(ref("federated"), credential("app"));

  expect(await identities.federatedCredentials(ref("federated"))).toEqual([credential("app")]);
  await identities.removeFederatedCredential(ref("federated"), "app");
  await identities.removeFederatedCredential(ref("federated"), "app");
  expect(await identities.federatedCredentials(ref("federated"))).toEqual([]);
  expect(await identities.federatedCredentials(ref("nobody"))).toEqual([]);
  await identities.removeFederatedCredential(ref("nobody"), "app");
});

test("writes the credentials of one identity one after the other, and those of two identities in parallel", async () => {
  addIdentity(context.world, "serial-1");
  addIdentity(context.world, "serial-2");
  const latencyMs = 50;
  context.faults.latencyMs = latencyMs;
  const { journal, arrivals } = context.faults;
  const first = journal.length;
  /** When each call of an identity arrived. */
  const arrivalsOf = (name: string) =>
    journal.flatMap(({ target }, index) => (index >= first && target.includes(name) ? [arrivals[index] ?? 0] : []));

  await Promise.all(
    ["serial-1", "serial-2"].flatMap((name) => [
      arm.identities.putFederatedCredential(ref(name), credential("app-1")),
      arm.identities.putFederatedCredential(ref(name), credential("app-2")),
      arm.identities.removeFederatedCredential(ref(name), "app-1"),
    ]),
  );

  const [one, two] = [arrivalsOf("serial-1"), arrivalsOf("serial-2")];
  // Two writes with their read-backs and a delete.
  expect([one.length, two.length]).toEqual([5, 5]);
  for (const times of [one, two])
    for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThan(latencyMs - 2);
  expect(two[0], "the other identity does not wait").toBeLessThan(one[1] ?? 0);
  expect(await arm.identities.federatedCredentials(ref("serial-1"))).toEqual([credential("app-2")]);
});

test("retries when Azure does not know the identity of a credential yet", async () => {
  await expect(arm.identities.putFederatedCredential(ref("nobody"), credential("app"))).rejects.toMatchObject({
    name: "TransientError",
    code: "ARM_UNAVAILABLE",
    message: expect.stringContaining("404 ParentResourceNotFound"),
  });
});

test("goes on with the next credential when one fails", async () => {
  addIdentity(context.world, "half");
  const bad = arm.identities.putFederatedCredential(ref("half"), { ...credential("app-1"), audiences: [] });
  const good = arm.identities.putFederatedCredential(ref("half"), credential("app-2"));

  await expect(bad).rejects.toMatchObject({ name: "PermanentError", code: "ARM_REJECTED" });
  await expect(good).resolves.toBeUndefined();
});

test("names the credential that already has the issuer and subject", async () => {
  addIdentity(context.world, "conflict", [credential("foreign", "system:serviceaccount:a:app")]);

  await expect(
    arm.identities.putFederatedCredential(ref("conflict"), credential("mine", "system:serviceaccount:a:app")),
  ).rejects.toMatchObject({
    code: "FEDERATED_CREDENTIAL_CONFLICT",
    message: expect.stringContaining('"foreign" for subject "system:serviceaccount:a:app"'),
  });
});

test("says when an identity has as many credentials as Azure allows", async () => {
  addIdentity(
    context.world,
    "crowded",
    Array.from({ length: 20 }, (_, index) => credential(`app-${index}`)),
  );

  await expect(arm.identities.putFederatedCredential(ref("crowded"), credential("app-20"))).rejects.toMatchObject({
    name: "PermanentError",
    code: "FEDERATED_CREDENTIAL_LIMIT",
  });
});

test("retries when Azure accepted a credential and lost it", async () => {
  const { federatedCredentials } = addIdentity(context.world, "lossy");
  context.faults.latencyMs = 40;
  const written = arm.identities.putFederatedCredential(ref("lossy"), credential("app"));
  const lose = setInterval(() => federatedCredentials.clear(), 5);

  await expect(written).rejects.toMatchObject({ name: "TransientError", code: "CONCURRENT_CREDENTIAL_WRITE" });
  clearInterval(lose);
});

test("reports a concurrent writer of the same identity as a transient failure", async () => {
  addIdentity(context.world, "shared");
  context.faults.latencyMs = 50;

  const [first, second] = await Promise.allSettled([
    adapter().identities.putFederatedCredential(ref("shared"), credential("app-1")),
    adapter().identities.putFederatedCredential(ref("shared"), credential("app-2")),
  ]);

  expect([first, second]).toContainEqual(
    expect.objectContaining({ reason: expect.objectContaining({ code: "CONCURRENT_CREDENTIAL_WRITE" }) }),
  );
});

test.each<[string, Partial<Extract<Effect, { kind: "error" }>>, string, string]>([
  ["403", { code: "AuthorizationFailed", status: 403 }, "PermanentError", "ARM_FORBIDDEN"],
  ["403 of a linked resource", { code: "LinkedAuthorizationFailed", status: 403 }, "PermanentError", "ARM_FORBIDDEN"],
  ["a policy's 403", { code: "RequestDisallowedByPolicy", status: 403 }, "PermanentError", "ARM_REJECTED"],
  ["401", { code: "InvalidAuthenticationToken", status: 401 }, "TransientError", "AUTHENTICATION_FAILED"],
  ["an expired token", { code: "ExpiredAuthenticationToken", status: 401 }, "TransientError", "AUTHENTICATION_FAILED"],
  ["400", { code: "InvalidRequestContent", status: 400 }, "PermanentError", "ARM_REJECTED"],
  ["a missing resource group", { code: "ResourceGroupNotFound", status: 404 }, "PermanentError", "ARM_REJECTED"],
  ["another region", { code: "InvalidResourceLocation", status: 409 }, "PermanentError", "IDENTITY_CONFLICT"],
  ["a lock", { code: "ScopeLocked", status: 409 }, "PermanentError", "ARM_LOCKED"],
  ["a new identity", { code: "PrincipalNotFound", status: 400 }, "TransientError", "PRINCIPAL_NOT_YET_VISIBLE"],
  ["a full scope", { code: "RoleAssignmentLimitExceeded", status: 400 }, "PermanentError", "ROLE_ASSIGNMENT_LIMIT"],
  ["a second role", { code: "RoleAssignmentExists", status: 409 }, "PermanentError", "ROLE_ASSIGNMENT_EXISTS"],
  ["409", { code: "Conflict", status: 409 }, "TransientError", "ARM_UNAVAILABLE"],
  ["412", { code: "PreconditionFailed", status: 412 }, "TransientError", "ARM_CONCURRENT_WRITE"],
  ["429", { code: 429 }, "TransientError", "ARM_THROTTLED"],
  ["500", { code: 500 }, "TransientError", "ARM_UNAVAILABLE"],
  ["503", { code: 503 }, "TransientError", "ARM_UNAVAILABLE"],
])("turns %s into the error that its retry needs", async (title, effect, name, code) => {
  const identity = ref(`mooring-${title.replaceAll(/\W/g, "-")}`);
  context.faults.add({ wire: "arm", target: identity.name, effect: { kind: "error", code: 500, ...effect } });

  await expect(arm.identities.put(identity, { location: "westeurope", tags: {} })).rejects.toMatchObject({
    name,
    code,
    message: expect.stringContaining(`identity "${identity.name}" in resource group "${group}"`),
    cause: expect.objectContaining({ name: "RestError" }),
  });
});

test("is refused a name that Azure does not allow, with ARM's own reason", async () => {
  await expect(arm.identities.put(ref("-"), { location: "westeurope", tags: {} })).rejects.toMatchObject({
    code: "ARM_REJECTED",
    message: expect.stringMatching(/400 BadRequest.*'-' must be 3 to 128/),
  });
});

test("waits out a short Retry-After itself", async () => {
  context.faults.add({ wire: "arm", effect: { kind: "error", code: 429, retryAfterSeconds: 1 } });
  const started = performance.now();

  const found = await arm.identities.get(ref("absent"));

  expect(found).toBeUndefined();
  expect(performance.now() - started).toBeGreaterThan(950);
});

test("does not hammer Azure when Retry-After is zero", async () => {
  const before = context.faults.journal.length;
  context.faults.add({ wire: "arm", times: Infinity, effect: { kind: "error", code: 429, retryAfterSeconds: 0 } });

  await expect(adapter({ patienceMs: 800 }).identities.get(ref("absent"))).rejects.toMatchObject({
    code: "ARM_THROTTLED",
  });

  expect(context.faults.journal.length - before).toBeLessThanOrEqual(4);
});

test("leaves a long Retry-After to the durable runtime, and says how long", async () => {
  context.faults.add({ wire: "arm", effect: { kind: "error", code: 429, retryAfterSeconds: 30 } });

  await expect(arm.identities.get(ref("absent"))).rejects.toMatchObject({
    code: "ARM_THROTTLED",
    retryAfterSeconds: 30,
  });
});

test.each(["cutBefore", "cutAfter", "garbage"] as const)(
  "reports a transient failure of a PUT that ends with %s, whether or not it took effect",
  async (kind) => {
    context.faults.add({ wire: "arm", target: `mooring-${kind}`, effect: { kind } });

    await expect(
      arm.identities.put(ref(`mooring-${kind}`), { location: "westeurope", tags: {} }),
    ).rejects.toMatchObject({
      name: "TransientError",
      code: "ARM_UNAVAILABLE",
    });

    const found = await arm.identities.get(ref(`mooring-${kind}`));
    expect(found?.name).toBe(kind === "cutBefore" ? undefined : `mooring-${kind}`);
  },
);

test("gives up a call that is never answered", async () => {
  context.faults.add({ wire: "arm", effect: { kind: "hang" } });

  await expect(adapter({ timeoutMs: 100 }).identities.get(ref("absent"))).rejects.toMatchObject({
    name: "TransientError",
    code: "ARM_UNAVAILABLE",
  });
});

test("spaces identity writes of one subscription", async () => {
  const paced = adapter({ identityWriteIntervalMs: 60 }).identities;
  const started = performance.now();

  await Promise.all(
    ["paced-1", "paced-2", "paced-3"].map((name) => paced.put(ref(name), { location: "westeurope", tags: {} })),
  );

  expect(performance.now() - started).toBeGreaterThan(115);
});

test("stays within the published limits when many identities are written at once", async () => {
  const limited = await startArm(context, { enforceLimits: true });
  const { identities } = adapter({ endpoint: limited.url, identityWriteIntervalMs: 700 });
  const before = context.faults.journal.length;

  await Promise.all(
    // The limit is two a second: on a busy machine, one that is late may meet the next.
    ["bulk-1", "bulk-2", "bulk-3", "bulk-4"].map((name) =>
      identities.put(ref(name), { location: "westeurope", tags: {} }),
    ),
  );

  expect(context.faults.journal.length - before).toBe(4);
  await limited.close();
});

test("creates an identity and its credential within the published limits, waiting where Azure says so", async () => {
  const limited = await startArm(context, { enforceLimits: true });
  const { identities } = adapter({ endpoint: limited.url });

  expect(await identities.get(ref("onboarded"))).toBeUndefined();
  await identities.put(ref("onboarded"), { location: "westeurope", tags: {} });
  expect(await identities.federatedCredentials(ref("onboarded"))).toEqual([]);
  await identities.putFederatedCredential(ref("onboarded"), credential("app"));

  // One write per identity in four seconds: the credential's had to wait for the identity's.
  const puts = context.faults.journal.filter(
    ({ operation, target }) => /^PUT/.test(operation) && /^onboarded/.test(target),
  );
  expect(puts).toHaveLength(3);
  await limited.close();
});

test("inspects a SQL server: its location, its Entra administrator and its databases", async () => {
  const { entraAdmin } = addSqlServer(context.world);

  expect(await arm.sqlServers.inspect(target("sql-dev"))).toEqual({
    location: "westeurope",
    fullyQualifiedDomainName: "sql-dev.database.windows.net",
    entraAdmin,
    databases: ["master", "orders", "stock"],
  });
});

test("notices when a SQL server has no Entra administrator or does not exist", async () => {
  addSqlServer(context.world, { name: "sql-bare", entraAdmin: undefined });

  expect(await arm.sqlServers.inspect(target("sql-bare"))).toMatchObject({ entraAdmin: undefined });
  expect(await arm.sqlServers.inspect(target("sql-none"))).toBeUndefined();
});

test("is forbidden to inspect a SQL server that its role does not cover", async () => {
  const reader = await startArm(context, { actions: ["Microsoft.Sql/servers/read"] });

  await expect(adapter({ endpoint: reader.url }).sqlServers.inspect(target("sql-dev"))).rejects.toMatchObject({
    code: "ARM_FORBIDDEN",
    message: expect.stringMatching(/perform action 'Microsoft.Sql\/servers\/(administrators|databases)\/read'/),
  });
  await reader.close();
});

test("says what it was about to do when it gets no token", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { CredentialUnavailableError } = await import("@azure/identity");
  const none = { getToken: () => Promise.reject(new CredentialUnavailableError(`no endpoint ${randomUUID()}`)) };
  const credentialless = adapter({
    credential: renewable({ open: () => none, renew: async () => undefined }, 5_000),
  });

  await expect(credentialless.identities.get(ref("absent"))).rejects.toMatchObject({
    name: "TransientError",
    code: "AUTHENTICATION_FAILED",
    message: expect.stringMatching(/^Read identity "absent" .*: Mooring's identity got no token: /),
  });
});

test("does not reuse a token that Azure refused, in any of its clients", async () => {
  const refused: string[] = [];
  const own = credentialOf(context.world, mooring);
  let given = 0;
  const credential = {
    async getToken(scopes: string | string[]) {
      given += 1;
      return await own.getToken(scopes);
    },
    refuse: (token: string) => void refused.push(token),
  };
  const telling = adapter({ credential });
  const scope = `/subscriptions/${context.world.subscriptionId}/resourceGroups/${group}`;
  await telling.identities.get(ref("absent"));
  await telling.roleAssignments.heldAt(scope, principalIdOf(randomUUID()));
  expect(given).toBe(2);
  context.faults.add({ wire: "arm", effect: { kind: "error", code: "InvalidAuthenticationToken", status: 401 } });

  await expect(telling.identities.get(ref("absent"))).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
  await telling.identities.get(ref("absent"));
  await telling.roleAssignments.heldAt(scope, principalIdOf(randomUUID()));

  expect(refused).toEqual([expect.stringMatching(/^eyJ/)]);
  expect(given).toBe(4);
});

test("writes Azure's address to the log only", async () => {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const elsewhere = adapter({ endpoint: "https://management.invalid" });

  const error = await elsewhere.identities.get(ref("absent")).catch((caught: Error) => caught.message);

  expect(error).toMatch(/^Read identity "absent" .*(ENOTFOUND|EAI_AGAIN)/);
  expect(error).not.toContain("management.invalid");
  expect(logged.mock.calls.join("\n")).toContain("management.invalid");
  logged.mockRestore();
});

test("lists the subscriptions in which Mooring has a role", async () => {
  const { world } = context;
  world.subscriptionIds.add("33333333-3333-4333-8333-333333333333");

  expect(await arm.roleAssignments.subscriptions()).toEqual([
    world.subscriptionId,
    "33333333-3333-4333-8333-333333333333",
  ]);
});

test("reads which roles a principal has at a scope and above, also through a group, page by page", async () => {
  const { world } = context;
  const principalId = principalIdOf(randomUUID());
  const team = randomUUID();
  world.groups.set(team, new Set([principalId]));
  const scope = `/subscriptions/${world.subscriptionId}/resourceGroups/${group}`;
  const below = `${scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a`;
  const assign = (principal: string, at: string) =>
    assignRole(world, { role: randomUUID(), principalId: principal, scope: at });
  const own = Array.from({ length: 120 }, () => assign(principalId, scope));
  const above = assign(team, `/subscriptions/${world.subscriptionId}`);
  const inside = assign(principalId, below);
  const strangers = [assign(randomUUID(), scope), assign(principalId, `${scope}-other`)];

  const applying = await arm.roleAssignments.applyingAt(below);
  const held = await arm.roleAssignments.heldAt(scope, principalId);
  const heldBelow = await arm.roleAssignments.heldAt(below, principalId);
  const given = await arm.roleAssignments.givenTo(principalId, world);

  const names = (list: readonly { id: string }[]) => list.map(({ id }) => id.split("/").at(-1)).sort();
  expect(names(applying)).toEqual([...own, above, inside, strangers[0]].map((each) => each?.name).sort());
  expect(names(held)).toEqual([...own, above].map(({ name }) => name).sort());
  expect(names(heldBelow)).toEqual([...own, above, inside].map(({ name }) => name).sort());
  expect(names(given)).toEqual([...own, inside, strangers[1]].map((each) => each?.name).sort());
  expect(held.find(({ principalId: id }) => id === team)).toEqual({
    createdTime: "2026-01-01T00:00:00.0000000Z",
    id: `/subscriptions/${world.subscriptionId}/providers/Microsoft.Authorization/roleAssignments/${above.name}`,
    roleDefinitionId: `/subscriptions/${world.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${above.role}`,
    principalId: team,
    principalType: "Group",
    scope: `/subscriptions/${world.subscriptionId}`,
  });
});

test("says what is missing when role assignments may not be read, and refuses an invalid object id", async () => {
  const { world } = context;
  const scope = `/subscriptions/${world.subscriptionId}/resourceGroups/${group}`;
  const narrow = await startArm(context, { actions: ["Microsoft.ManagedIdentity/userAssignedIdentities/read"] });
  const reading = adapter({ endpoint: narrow.url }).roleAssignments.heldAt(scope, principalIdOf(randomUUID()));
  await expect(reading).rejects.toMatchObject({
    code: "ARM_FORBIDDEN",
    message: expect.stringContaining("Microsoft.Authorization/roleAssignments/read"),
  });
  await narrow.close();

  context.faults.add({ wire: "arm", operation: /roleAssignments$/, effect: { kind: "error", code: 429 } });
  await expect(arm.roleAssignments.heldAt(scope, principalIdOf(randomUUID()))).rejects.toMatchObject({
    code: "ARM_THROTTLED",
  });

  await expect(arm.roleAssignments.heldAt(scope, "') or 1 eq 1" as PrincipalId)).rejects.toMatchObject({
    code: "ARM_REJECTED",
  });
});

test.each([
  {
    what: "a page at another host",
    code: "ARM_REJECTED",
    body: { value: [], nextLink: "https://elsewhere.example/page" },
  },
  { what: "an answer that is not a list", code: "ARM_UNAVAILABLE", body: { value: "none" } },
  { what: "an answer that is not JSON", code: "ARM_UNAVAILABLE", body: "<html>" },
])("rejects $what", async ({ code, body }) => {
  const call = { wire: "arm", operation: "GET roleAssignments", target: "" } as const;
  const open = () => ({ call, run: () => ({ status: 200, body }), fail: () => ({ status: 500 }) });
  const strange = await startHttpServer({ tls: context.tls, faults: context.faults, open });

  const reading = adapter({ endpoint: strange.url }).roleAssignments.heldAt(
    "/subscriptions/s",
    principalIdOf(randomUUID()),
  );

  await expect(reading).rejects.toMatchObject({ code });
  await strange.close();
});

test("reads what Mooring itself may do in a resource group", async () => {
  const { world } = context;
  const scope = `/subscriptions/${world.subscriptionId}/resourceGroups/${group}`;
  const actions = ["Microsoft.Authorization/permissions/read", "Microsoft.ManagedIdentity/userAssignedIdentities/read"];
  const narrow = await startArm(context, { actions });

  expect(await adapter({ endpoint: narrow.url }).roleAssignments.ownPermissions(scope)).toEqual([
    { actions, notActions: [] },
  ]);

  await narrow.close();
});
