/** Azure Storage's wire: who is let in, what a role allows from when on, and what the services answer. */
import { randomUUID } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults, type Faults } from "../../src/faults.ts";
import type { Account } from "../../src/storage/data.ts";
import type { StorageService } from "../../src/storage/failures.ts";
import { type StorageSimulator, startStorage, storageAudience } from "../../src/storage/index.ts";
import { createCertificate } from "../../src/tls.ts";
import { assignRole, createWorld, type World } from "../../src/world.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stdev";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const roles = {
  blobReader: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  blobContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  sender: "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
  processor: "8a0f0c08-91a1-4084-bc3d-661d67233fed",
  tableContributor: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
};

let world: World;
let faults: Faults;
let storage: StorageSimulator;
let account: Account;

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  faults = createFaults();
  world.servicePrincipals.set(caller.clientId, caller);
  account = {
    id,
    containers: new Map([
      ["uploads", new Map()],
      ["private", new Map()],
    ]),
    queues: new Map([["jobs", []]]),
    tables: new Map([["sessions", []]]),
  };
  storage = await startStorage({ world, faults, tls }, { accounts: [account] });
});
beforeEach(() => {
  world.roleAssignments.clear();
  world.roleDelayMs = 0;
});
afterAll(() => storage?.close());

function give(role: string, part = "", changes: object = {}) {
  const scope = part === "" ? id : `${id}/${part}`;
  assignRole(world, { role, principalId: caller.principalId, scope, createdTime: new Date(), ...changes });
}
const container = (name: string) => `blobServices/default/containers/${name}`;

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly challenge: string | undefined;
  readonly text: string;
}

async function ask(
  method: string,
  path: string,
  { body = "", token, range }: { body?: string; token?: string | null; range?: string } = {},
): Promise<Answer> {
  const bearer = token === undefined ? await mintAccessToken(world, caller, storageAudience) : token;
  const headers = {
    ...{ "x-ms-version": "2023-11-03", "x-ms-blob-type": "BlockBlob", "content-type": "text/plain" },
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(range === undefined ? {} : { "x-ms-range": range }),
  };
  const [service = "", name = "", ...rest] = path.split("/");
  const url = [storage.endpointOf(service as StorageService, name), ...rest].join("/");
  return await new Promise((resolve, reject) => {
    httpsRequest(url, { method, headers, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => {
        const { "x-ms-error-code": code, "www-authenticate": challenge } = answer.headers;
        resolve({ status: answer.statusCode ?? 0, code: code?.toString(), challenge, text });
      });
    })
      .on("error", reject)
      .end(body);
  });
}

const list = "blob/stdev/uploads?restype=container&comp=list";

describe("a caller", () => {
  it("without a token is told whom to ask", async () => {
    expect(await ask("GET", list, { token: null })).toMatchObject({
      status: 401,
      code: "NoAuthenticationInformation",
      challenge: `Bearer authorization_uri=https://login.microsoftonline.com/${world.tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
    });
  });

  it("with a token for something else, or one that has expired, is refused", async () => {
    give(roles.blobReader);
    const other = await mintAccessToken(world, caller, "https://vault.azure.net");
    const old = await mintAccessToken(world, caller, storageAudience, { lifetimeSeconds: -60 });

    for (const token of [other, old, "nonsense"])
      expect(await ask("GET", list, { token })).toMatchObject({ status: 401, code: "InvalidAuthenticationInfo" });
  });

  it("without a role is refused, and so is one whose role has a condition or is elsewhere", async () => {
    const refused = { status: 403, code: "AuthorizationPermissionMismatch" };
    expect(await ask("GET", list)).toMatchObject(refused);
    give(roles.blobReader, container("private"));
    give(roles.blobReader, container("uploads"), { condition: "@Resource[…]" });
    give(roles.sender);

    expect(await ask("GET", list)).toMatchObject(refused);
    expect(await ask("GET", "blob/stdev/private?restype=container&comp=list")).toMatchObject({ status: 200 });
  });

  it("is let in when the role takes effect, and not before", async () => {
    world.roleDelayMs = 60_000;
    give(roles.blobReader, container("uploads"));
    expect(await ask("GET", list)).toMatchObject({ status: 403 });
    world.roleAssignments.clear();
    give(roles.blobReader, container("uploads"), { createdTime: new Date(Date.now() - 61_000) });

    expect(await ask("GET", list)).toMatchObject({ status: 200 });
  });
});

it("has blobs, which a contributor writes and a reader reads", async () => {
  give(roles.blobReader);
  expect(await ask("PUT", "blob/stdev/uploads/a/b.txt", { body: "hello" })).toMatchObject({ status: 403 });
  give(roles.blobContributor, container("uploads"));
  expect(await ask("PUT", "blob/stdev/uploads/a/b.txt", { body: "hello" })).toMatchObject({ status: 201 });

  expect((await ask("GET", list)).text).toContain("<Name>a/b.txt</Name>");
  expect(await ask("GET", "blob/stdev/uploads/a/b.txt")).toMatchObject({ status: 200, text: "hello" });
  expect(await ask("GET", "blob/stdev/uploads/a/b.txt", { range: "bytes=1-2" })).toMatchObject({
    ...{ status: 206, text: "el" },
  });
  expect(await ask("GET", "blob/stdev/uploads/a/b.txt", { range: "bytes=3-33554431" })).toMatchObject({ text: "lo" });
  expect(await ask("GET", "blob/stdev/uploads/a/b.txt", { range: "bytes=5-" })).toMatchObject({
    ...{ status: 416, code: "InvalidRange" },
  });
  expect(await ask("HEAD", "blob/stdev/uploads/a/b.txt")).toMatchObject({ status: 200, text: "" });
  expect((await ask("GET", "blob/stdev/?comp=list")).text).toContain("<Name>private</Name>");
  expect(await ask("DELETE", "blob/stdev/uploads/a/b.txt")).toMatchObject({ status: 202 });
  expect(await ask("GET", "blob/stdev/uploads/a/b.txt")).toMatchObject({ status: 404, code: "BlobNotFound" });
  expect(await ask("GET", "blob/stdev/gone?restype=container&comp=list")).toMatchObject({
    status: 404,
    code: "ContainerNotFound",
  });
});

it("has queues, in which a sender puts what only others may peek at", async () => {
  const put = "<QueueMessage><MessageText>aGk=</MessageText></QueueMessage>";
  give(roles.sender);
  expect(await ask("POST", "queue/stdev/jobs/messages", { body: put })).toMatchObject({ status: 201 });
  const peek = "queue/stdev/jobs/messages?peekonly=true&numofmessages=1";
  expect(await ask("GET", peek)).toMatchObject({ status: 403 });
  give(roles.processor);

  expect((await ask("GET", peek)).text).toContain("<MessageText>aGk=</MessageText>");
  expect(await ask("GET", "queue/stdev/?comp=list")).toMatchObject({ status: 403 });
  expect(await ask("GET", "queue/stdev/gone/messages?peekonly=true")).toMatchObject({
    status: 404,
    code: "QueueNotFound",
  });
});

it("has tables, which a contributor reads and writes", async () => {
  give(roles.tableContributor);
  expect(await ask("GET", "table/stdev/Tables")).toMatchObject({
    status: 200,
    text: expect.stringContaining("sessions"),
  });
  expect(await ask("GET", "table/stdev/gone()")).toMatchObject({ status: 404, code: "TableNotFound" });
  expect(
    await ask("POST", "table/stdev/sessions", { body: JSON.stringify({ PartitionKey: "a", RowKey: "1" }) }),
  ).toMatchObject({ status: 201 });
  expect((await ask("GET", "table/stdev/sessions()?$top=1")).text).toContain('"RowKey":"1"');
  const filtered = (filter: string) => ask("GET", `table/stdev/sessions()?$filter=${encodeURIComponent(filter)}`);
  expect((await filtered("PartitionKey eq 'a' and RowKey eq '1'")).text).toContain('"RowKey":"1"');
  expect(JSON.parse((await filtered("PartitionKey eq 'b'")).text)).toEqual({ value: [] });
  expect(await filtered("RowKey gt '0'")).toMatchObject({ status: 501 });
  const one = (row: string) => ask("GET", `table/stdev/sessions(PartitionKey='a',RowKey='${row}')`);
  expect(JSON.parse((await one("1")).text)).toEqual({ PartitionKey: "a", RowKey: "1" });
  expect(await one("2")).toMatchObject({ status: 404, code: "ResourceNotFound" });
  expect(await one("2' or 'a")).toMatchObject({ status: 400, code: "InvalidInput" });
});

it("answers scripted faults as the service would, and knows its calls", async () => {
  faults.add({ wire: "storage", effect: { kind: "error", code: "AuthorizationFailure", status: 403 } });

  expect(await ask("GET", list)).toMatchObject({ status: 403, code: "AuthorizationFailure" });
  expect(faults.journal.at(-1)).toEqual({ wire: "storage", operation: "GET blob", target: "stdev/uploads" });
});
