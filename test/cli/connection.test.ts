/** Where the service is and who asks: what is sent to whom, and what is said when nobody answers as Mooring does. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { run } from "./support/program.ts";

const closing: (() => void)[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-connection-"));
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Canned {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const empty: Canned = { headers: { "content-type": "application/json" }, body: '{"value":[]}' };

async function serve(answer: Canned = empty): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

it("says which address nobody answers at, and how to start the service", async () => {
  const { url } = await serve();
  for (const close of closing.splice(0)) close();

  const { code, stdout, stderr } = await run(["list"], { env: { MOORING_SERVER: url } });

  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain(`No answer from ${url}: nobody listens there.`);
  expect(stderr).toContain("mooring up");
});

it("says that another program answers", async () => {
  const { url } = await serve({ headers: { "content-type": "text/html" }, body: "<html>hello</html>" });

  const { code, stdout, stderr } = await run(["list", "--server", url]);

  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain(`${url} does not speak as Mooring does`);
});

it("follows no redirect, so that a key stays with the server it is for", async () => {
  const other = await serve();
  const { url, asked } = await serve({ status: 307, headers: { location: `${other.url}/api/namespaces` } });

  const { code, stderr } = await run(["list"], { env: { MOORING_SERVER: url, MOORING_KEY: "secret-key" } });

  expect(code).toBe(3);
  expect(stderr).toContain(`and sends to ${other.url}/api/namespaces`);
  expect(asked).toHaveLength(1);
  expect(other.asked).toEqual([]);
});

it.each([
  ["--key", "key"],
  ["--token", "token"],
  ["--audience", "token"],
])("sends nothing given by %s over plain http to another machine", async (flag, what) => {
  const { code, stderr } = await run(["list", "--server", "http://mooring.example", flag, "s3cret"]);

  expect(code).toBe(2);
  expect(stderr).toContain(`A ${what} is not sent to http://mooring.example`);
  expect(stderr).not.toContain("s3cret");
});

it("takes a key or a token from the environment or a flag, the flag first", async () => {
  const { url, asked } = await serve();
  const env = { MOORING_SERVER: url, MOORING_KEY: "from-environment" };

  await run(["list"], { env });
  await run(["list", "--token", "from-flag"], { env });
  await run(["list"], { env: { MOORING_SERVER: `${url}/`, MOORING_TOKEN: "token" } });

  expect(asked.map(({ url: path, headers }) => [path, headers["x-mooring-key"], headers.authorization])).toEqual([
    ["/api/namespaces?top=200", "from-environment", undefined],
    ["/api/namespaces?top=200", undefined, "Bearer from-flag"],
    ["/api/namespaces?top=200", undefined, "Bearer token"],
  ]);
});

it("leaves it to nobody's guess who asks", async () => {
  const { url, asked } = await serve();

  const flags = await run(["list", "--server", url, "--key", "a", "--token", "b"]);
  const variables = await run(["list", "--server", url], { env: { MOORING_KEY: "a", MOORING_TOKEN: "b" } });

  expect([flags.code, variables.code]).toEqual([2, 2]);
  expect(asked).toEqual([]);
});

it.each(["mooring.example", "ftp://mooring.example", "http://user:password@127.0.0.1"])(
  "refuses %s as an address",
  async (server) => {
    const { code, stderr } = await run(["list", "--server", server]);

    expect(code).toBe(2);
    expect(stderr).not.toContain("user:password");
  },
);

it("gets a token for --audience from Azure CLI, and prints it nowhere", async () => {
  const { url, asked } = await serve();
  const token = "token-of-azure-cli";
  const az = join(folder, "az");
  const answer = { accessToken: token, expiresOn: "2099-01-01 00:00:00.000000", expires_on: 4_070_908_800 };
  // As Azure CLI does, and as it would fail when it was asked for another audience.
  await writeFile(
    az,
    `#!/bin/sh\ncase "$*" in *client-id-of-mooring*) echo '${JSON.stringify(answer)}' ;; *) exit 1 ;; esac\n`,
  );
  await chmod(az, 0o755);
  const env = { PATH: `${folder}${delimiter}${process.env["PATH"]}`, AZURE_TOKEN_CREDENTIALS: "AzureCliCredential" };

  const { code, stdout, stderr } = await run(["list", "--server", url, "--audience", "client-id-of-mooring"], { env });
  const refused = await run(["list", "--server", url, "--audience", "another"], { env });

  expect(code).toBe(0);
  expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${token}`]);
  expect(stdout + stderr).not.toContain(token);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/No token for another: [\s\S]*az login/) });
});

it("goes on where a list has more pages, below the path that the server's address has", async () => {
  const pages = [
    { value: [{ id: "1" }], nextLink: "/api/operations?top=2&continuation=abc" },
    { value: [{ id: "2" }, { id: "3" }] },
  ];
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(pages[asked.length - 1]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mooring`;

  const { stdout, stderr } = await run(["list", "operations", "--server", address, "--limit", "2", "-o", "name"]);

  expect(stdout).toBe("1\n2\n");
  expect(stderr).toContain("There are more");
  expect(asked).toEqual(["/mooring/api/operations?top=2", "/mooring/api/operations?top=2&continuation=abc"]);
});

it("shows no control characters that others have written", async () => {
  const namespace = "team\u001b[31m\u009b31m";
  const is = { state: "Onboarded", identityMode: "workloadIdentity", operation: "1", requestedBy: "somebody" };
  const evil = { cluster: "aks-dev", namespace, ...is, databases: [], findings: [] };
  const { url } = await serve({ ...empty, body: JSON.stringify({ value: [evil] }) });

  const { stdout } = await run(["list", "--server", url]);
  const json = await run(["list", "--server", url, "-o", "json"]);

  expect(json.stdout).not.toContain("\u001b");
  expect(json.stdout).not.toContain("\u009b");
  expect(JSON.parse(json.stdout)).toEqual({ value: [evil] });
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toContain("team\\u001b[31m");
});

it("says that it is wrong itself, with what happened, when it is", async () => {
  const { url } = await serve({ ...empty, body: '{"value":[{}]}' });

  const { code, stderr } = await run(["list", "--server", url]);

  expect(code).toBe(70);
  expect(stderr).toMatch(/defect of the command line itself[\s\S]*TypeError/);
});

it("has colours only where they were asked for", async () => {
  const { url } = await serve({ status: 404, headers: { "content-type": "text/plain" } });

  const plain = await run(["list", "--server", url]);
  const forced = await run(["list", "--server", url], { env: { FORCE_COLOR: "1" } });

  expect(plain.stderr).not.toContain("\u001b");
  expect(forced.stderr).toContain("\u001b[31m");
});
