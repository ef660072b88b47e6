/** Key Vault's wire: the challenge, what a role allows, and what a vault answers. */
import { randomUUID } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { startKeyVault, type VaultSimulator, vaultAudience } from "../../src/keyVault/index.ts";
import { createCertificate } from "../../src/tls.ts";
import { assignRole, createWorld, type World } from "../../src/world.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-dev";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const user = "4633458b-17de-408a-b874-0445c86b69e6";
const officer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";

let world: World;
let vault: VaultSimulator;
const faults = createFaults();

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  vault = await startKeyVault({ world, faults, tls }, { id });
});
beforeEach(() => world.roleAssignments.clear());
afterAll(() => vault?.close());

function give(role: string, scope = id) {
  assignRole(world, { role, principalId: caller.principalId, scope });
}

async function ask(method: string, path: string, { value, token }: { value?: string; token?: string | null } = {}) {
  const bearer = token === undefined ? await mintAccessToken(world, caller, vaultAudience) : token;
  const headers = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  const url = `${vault.endpoint}/${path}${path.includes("?") ? "&" : "?"}api-version=7.4`;
  return await new Promise<{ status: number; challenge: string | undefined; body: unknown }>((resolve, reject) => {
    httpsRequest(url, { method, headers, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => {
        const challenge = answer.headers["www-authenticate"];
        resolve({ status: answer.statusCode ?? 0, challenge, body: text === "" ? undefined : JSON.parse(text) });
      });
    })
      .on("error", reject)
      .end(value === undefined ? undefined : JSON.stringify({ value }));
  });
}

it("challenges a caller without a token, and refuses a token for something else", async () => {
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${world.tenantId}", resource="https://vault.azure.net"`;
  expect(await ask("GET", "secrets", { token: null })).toMatchObject({ status: 401, challenge });
  const other = await mintAccessToken(world, caller, "https://storage.azure.com");

  expect(await ask("GET", "secrets", { token: other })).toMatchObject({ status: 401, challenge });
});

it("keeps secrets, which an officer sets and a user reads", async () => {
  give(officer, `${id}/secrets/api-key`);
  expect(await ask("PUT", "secrets/other", { value: "no" })).toMatchObject({ status: 403 });
  expect(await ask("PUT", "secrets/api-key", { value: "first" })).toMatchObject({ status: 200 });
  expect(await ask("PUT", "secrets/api-key", { value: "second" })).toMatchObject({ status: 200 });
  // At the scope of one secret, nobody lists all of them.
  expect(await ask("GET", "secrets?maxresults=1")).toMatchObject({
    status: 403,
    body: { error: { code: "Forbidden" } },
  });
  world.roleAssignments.clear();
  give(user);

  expect(await ask("GET", "secrets?maxresults=1")).toMatchObject({
    status: 200,
    body: { value: [{ id: `${vault.endpoint}/secrets/api-key` }] },
  });
  expect(await ask("GET", "secrets/api-key")).toMatchObject({ status: 200, body: { value: "second" } });
  const { body } = await ask("GET", "secrets/api-key/versions");
  expect((body as { value: unknown[] }).value).toHaveLength(2);
  expect(JSON.stringify(body)).not.toContain("second");
  expect(await ask("GET", "secrets/gone")).toMatchObject({ status: 404, body: { error: { code: "SecretNotFound" } } });
  expect(await ask("PUT", "secrets/api-key", { value: "third" })).toMatchObject({ status: 403 });
});

it("answers scripted faults as a vault would, and knows its calls", async () => {
  faults.add({ wire: "keyVault", effect: { kind: "error", code: "ForbiddenByFirewall", status: 403 } });

  expect(await ask("GET", "secrets/api-key")).toMatchObject({
    status: 403,
    body: { error: { code: "ForbiddenByFirewall" } },
  });
  expect(faults.journal.at(-1)).toEqual({ wire: "keyVault", operation: "GET secrets", target: "kv-dev/api-key" });
});
