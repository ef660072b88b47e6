/** Server addresses and credentials: what is sent to which server, and the messages when none answers as Mooring does. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findProxy } from "../../cli/service/proxy.ts";
import { run, runHere } from "./support/program.ts";

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

it("says which address does not answer, and how to start the service", async () => {
  const { url } = await serve();
  for (const close of closing.splice(0)) close();

  const { code, stdout, stderr } = await runHere(["list"], { env: { MOORING_SERVER: url } });

  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain(`No answer from ${url}: nobody listens there.`);
  expect(stderr).toContain(`Start the service here: mooring up --port ${new URL(url).port}\n`);
});

it("says when a different program answers", async () => {
  const { url } = await serve({ headers: { "content-type": "text/html" }, body: "<html>hello</html>" });

  const { code, stdout, stderr } = await runHere(["list", "--server", url]);

  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain(`${url} is not Mooring`);
});

it("names the whole address of what is not Mooring", async () => {
  const { url } = await serve({ headers: { "content-type": "text/html" }, body: "<html>hello</html>" });

  const { stderr } = await runHere(["list", "--server", `${url}/dashboard/`]);

  expect(stderr).toContain(`${url}/dashboard is not Mooring: it answered 200`);
});

it("says at once when an https address belongs to an http server", async () => {
  const { url, asked } = await serve();
  const https = url.replace("http:", "https:");

  const { code, stdout, stderr } = await run(["list", "--server", https]);

  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain(`No answer from ${https}: it does not speak TLS.`);
  expect(stderr).toContain(`If it is ${url}: --server ${url}`);
  expect(stderr).not.toContain("asking again");
  expect(stderr).not.toContain("mooring up");
  expect(asked).toEqual([]);
});

it("says when a program answers in another protocol, and does not offer to start the service on its port", async () => {
  const server = createSocketServer((socket) => socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.2\r\n")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { code, stderr } = await runHere(["list", "--server", url]);

  expect(code).toBe(3);
  expect(stderr).toContain(`No answer from ${url}: it does not speak HTTP.`);
  expect(stderr).not.toContain("asking again");
  expect(stderr).not.toContain("mooring up");
});

it("suggests no service at a port that clients refuse", async () => {
  const { code, stderr } = await runHere(["list", "--server", "http://127.0.0.1:1"]);

  expect(code).toBe(3);
  expect(stderr).toContain("No answer from http://127.0.0.1:1: bad port.");
  expect(stderr).not.toContain("mooring up");
});

it("suggests commands without a flag whose value is missing", async () => {
  const { code, stderr } = await runHere(["list", "--server", ""]);

  expect(code).toBe(2);
  expect(stderr).toContain("--server needs a value");
  expect(stderr).toMatch(/^ +mooring list --help$/m);
});

it("follows no redirect, so that a key goes only to its own server", async () => {
  const other = await serve();
  const { url, asked } = await serve({ status: 307, headers: { location: `${other.url}/api/namespaces` } });

  const { code, stderr } = await runHere(["list"], { env: { MOORING_SERVER: url, MOORING_KEY: "secret-key" } });

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
  const { code, stderr } = await runHere(["list", "--server", "http://mooring.example", flag, "s3cret"]);

  expect(code).toBe(2);
  expect(stderr).toContain(`A ${what} is not sent to http://mooring.example`);
  expect(stderr).not.toContain("s3cret");
});

it("uses a key or a token from the environment or a flag, and prefers the flag", async () => {
  const { url, asked } = await serve();
  const env = { MOORING_SERVER: url, MOORING_KEY: "from-environment" };

  await runHere(["list"], { env });
  await runHere(["list", "--token", "from-flag"], { env });
  await runHere(["list"], { env: { MOORING_SERVER: `${url}/`, MOORING_TOKEN: "token" } });

  expect(asked.map(({ url: path, headers }) => [path, headers["x-mooring-key"], headers.authorization])).toEqual([
    ["/api/namespaces?top=200", "from-environment", undefined],
    ["/api/namespaces?top=200", undefined, "Bearer from-flag"],
    ["/api/namespaces?top=200", undefined, "Bearer token"],
  ]);
});

it("refuses two credentials at once", async () => {
  const { url, asked } = await serve();

  const flags = await runHere(["list", "--server", url, "--key", "a", "--token", "b"]);
  const variables = await runHere(["list", "--server", url], { env: { MOORING_KEY: "a", MOORING_TOKEN: "b" } });

  expect([flags.code, variables.code]).toEqual([2, 2]);
  expect(asked).toEqual([]);
});

it.each(["mooring.example", "ftp://mooring.example", "http://user:password@127.0.0.1"])(
  "refuses %s as an address",
  async (server) => {
    const { code, stderr } = await runHere(["list", "--server", server]);

    expect(code).toBe(2);
    expect(stderr).not.toContain("user:password");
  },
);

it("gets a token for --audience from Azure CLI, and never prints it", async () => {
  const { url, asked } = await serve();
  const token = "token-of-azure-cli";
  const az = join(folder, "az");
  const answer = { accessToken: token, expiresOn: "2099-01-01 00:00:00.000000", expires_on: 4_070_908_800 };
  // Answers as Azure CLI does, and fails for any other audience.
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

it("follows the pages of a list below the path in the server's address", async () => {
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

  const { stdout, stderr } = await runHere(["list", "operations", "--server", address, "--limit", "2", "-o", "name"]);

  expect(stdout).toBe("1\n2\n");
  expect(stderr).toContain("There are more");
  expect(asked).toEqual(["/mooring/api/operations?top=2", "/mooring/api/operations?top=2&continuation=abc"]);
});

it("shows no control characters from other people's texts", async () => {
  const namespace = "team\u001b[31m\u009b31m";
  const is = { state: "Onboarded", identityMode: "workloadIdentity", operation: "1", requestedBy: "somebody" };
  const evil = { cluster: "aks-dev", namespace, ...is, databases: [], findings: [] };
  const { url } = await serve({ ...empty, body: JSON.stringify({ value: [evil] }) });

  const { stdout } = await runHere(["list", "--server", url]);
  const json = await runHere(["list", "--server", url, "-o", "json"]);

  expect(json.stdout).not.toContain("\u001b");
  expect(json.stdout).not.toContain("\u009b");
  expect(JSON.parse(json.stdout)).toEqual({ value: [evil] });
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toContain("team\\u001b[31m");
});

it("shows no control characters of a refusal, whatever field has them", async () => {
  const evil = "E\u001b[2J\u009b2J\u202e";
  const problem = { status: 409, code: evil, detail: evil, fix: evil, traceId: evil };
  const errors = [{ pointer: evil, detail: evil }];
  for (const each of [problem, { ...problem, errors }]) {
    const { url } = await serve({ status: 409, headers: empty.headers ?? {}, body: JSON.stringify(each) });

    const { code, stderr } = await runHere(["list", "--server", url]);

    expect(code).toBe(1);
    expect(stderr).toContain("E\\u001b[2J");
    expect(stderr.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  }
});

const listed = { cluster: "aks-dev", namespace: "team-a", state: "Onboarded" };

it.each([
  [["access"], { value: [{ target: 3 }] }, "answered GET /api/access with a document that is not Mooring's: .value[0]"],
  [
    ["access", "--target", "sql-dev/orders", "--others"],
    { value: [{ target: 3 }] },
    "answered GET /api/access/others with a document that is not Mooring's: .target",
  ],
  [["list"], { value: [{}] }, "answered GET /api/namespaces with a document that is not Mooring's: .value[0]"],
  [["list"], { value: 5 }, ".value: Invalid input: expected array"],
  [["list"], { value: [null] }, ".value[0]"],
  [["list"], { value: [{ ...listed, databases: "all" }] }, ".value[0]"],
  [["list", "operations"], { value: [{ id: 5 }] }, "GET /api/operations"],
  [["catalog"], { clusters: [{}], sqlServers: {} }, "GET /api/catalog"],
  [["status", "aks-dev/team-a"], { state: 1, findings: [1] }, "GET /api/namespaces/aks-dev/team-a"],
  [["sandbox", "journal"], { value: [{}], isCut: false }, "GET /sandbox/journal"],
])("names what is wrong with an answer of another form: %j %#", async (args, answer, message) => {
  const { url } = await serve({ ...empty, body: JSON.stringify(answer) });

  const { code, stderr } = await runHere([...args, "--server", url]);

  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(message) });
});

it.each([
  '{"status":409,"code":5,"detail":"d","fix":"f"}',
  '{"status":409,"code":"c","detail":{},"fix":"f"}',
  '{"status":409,"code":"c","detail":"d","fix":"f","errors":[1]}',
  "[]",
  "null",
])("takes %s for no refusal of Mooring's", async (body) => {
  const { url } = await serve({ status: 409, headers: empty.headers ?? {}, body });

  const { code, stderr } = await runHere(["list", "--server", url]);

  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("is not Mooring: it answered 409") });
});

it("reports a defect of its own as such, with what happened", async () => {
  const { url } = await serve();

  const { code, stderr } = await run(["list", "--server", url], {
    env: { NODE_OPTIONS: "--import=data:text/javascript,Object.fromEntries=undefined" },
  });

  expect(code).toBe(70);
  expect(stderr).toMatch(/defect of the command line itself[\s\S]*TypeError/);
});

describe("an answer without an end", () => {
  async function serveEndless(headers: Record<string, string>, chunk: string): Promise<string> {
    const server = createServer((_request, response) => {
      response.writeHead(200, headers);
      const more = () => {
        while (!response.destroyed && chunk !== "" && response.write(chunk));
      };
      response.on("drain", more).flushHeaders();
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("is given up after 32 MB", async () => {
    const url = await serveEndless({ "content-type": "application/json" }, " ".repeat(65_536));

    const { code, stderr } = await runHere(["list", "--server", url]);

    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("with more than 32 MB") });
  });

  it("is not read if it says how long it is", async () => {
    const headers = { "content-type": "application/json", "content-length": "3000000000" };
    const url = await serveEndless(headers, "");

    const { code, stderr } = await runHere(["list", "--server", url]);

    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("with more than 32 MB") });
  });

  it("is given up in a stream whose event does not end", async () => {
    const url = await serveEndless({ "content-type": "text/event-stream" }, `data: ${"x".repeat(65_536)}`);

    const { code, stderr } = await runHere(["watch", "--server", url]);

    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("an event has more than 4 MB") });
  });

  it("is given up in a list that sends to the same page", async () => {
    const body = JSON.stringify({ value: [], nextLink: "http://x/?top=200&continuation=a" });
    const { url, asked } = await serve({ ...empty, body });

    const { code, stderr } = await runHere(["list", "--server", url]);

    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("to the same page") });
    expect(asked.length).toBeLessThan(4);
  });
});

it("takes a stream with something other than JSON for another program's", async () => {
  const body = "id: 1\nevent: operation\ndata: {\n\n";
  const { url } = await serve({ headers: { "content-type": "text/event-stream" }, body });

  const { code, stderr } = await runHere(["watch", "--server", url]);

  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("its event operation is not JSON") });
});

it("uses colours only when requested", async () => {
  const { url } = await serve({ status: 404, headers: { "content-type": "text/plain" } });

  const plain = await run(["list", "--server", url]);
  const forced = await run(["list", "--server", url], { env: { FORCE_COLOR: "1" } });

  expect(plain.stderr).not.toContain("\u001b");
  expect(forced.stderr).toContain("\u001b[31m");
});

describe("a context", () => {
  let config: string;
  let env: Record<string, string>;
  const mooring = (args: readonly string[], more: Record<string, string> = {}) =>
    runHere(args, { env: { ...env, ...more } });

  beforeEach(async () => {
    config = join(await mkdtemp(join(folder, "contexts-")), "mooring", "config.yaml");
    env = { MOORING_CONFIG: config };
  });

  it("is created, chosen, listed and deleted, and the file keeps its comments", async () => {
    const made = await mooring(["config", "set-context", "test", "--server", "https://test.example"]);
    await writeFile(config, `# ours\n${await readFile(config, "utf8")}`);
    await mooring(["config", "set-context", "prod", "--server", "https://prod.example", "--audience", "an-audience"]);
    const none = await mooring(["config", "current-context"]);
    await mooring(["config", "use-context", "prod"]);
    const [current, list, json] = await Promise.all([
      mooring(["config", "current-context"]),
      mooring(["config", "get-contexts"]),
      mooring(["config", "get-contexts", "-o", "json"]),
    ]);
    await mooring(["config", "delete-context", "prod"]);
    const unknown = await mooring(["config", "delete-context", "prod"]);

    expect(made).toMatchObject({ code: 0, stdout: "" });
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("mooring config use-context") });
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("mooring config get-contexts") });
    expect(current.stdout).toBe("prod\n");
    expect(list.stdout).toMatch(/^\* +prod +https:\/\/prod\.example +an-audience$/m);
    expect(JSON.parse(json.stdout).value).toContainEqual({
      name: "test",
      current: false,
      server: "https://test.example",
    });
    expect(await readFile(config, "utf8")).toBe("# ours\ncontexts:\n  test:\n    server: https://test.example\n");
    expect((await stat(config)).mode & 0o777).toBe(0o600);
  });

  it("gives the server's address, unless the environment does; --context overrides the environment", async () => {
    const [file, flag, environment] = [await serve(), await serve(), await serve()];
    await mooring(["config", "set-context", "file", "--server", file.url]);
    await mooring(["config", "set-context", "flag", "--server", flag.url]);
    await mooring(["config", "use-context", "file"]);

    await mooring(["list"]);
    await mooring(["list"], { MOORING_CONTEXT: "flag" });
    await mooring(["list"], { MOORING_SERVER: environment.url });
    await mooring(["list", "--context", "flag"], { MOORING_SERVER: environment.url });
    await mooring(["list", "--context", "flag", "--server", file.url]);

    expect([file, flag, environment].map(({ asked }) => asked.length)).toEqual([2, 2, 1]);
  });

  it("gets a token only for its own server", async () => {
    const { url, asked } = await serve();
    await mooring(["config", "set-context", "prod", "--server", "https://prod.example", "--audience", "an-audience"]);
    await mooring(["config", "use-context", "prod"]);

    const { code } = await mooring(["list", "--server", url]);

    expect(code).toBe(0);
    expect(asked[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    ["a key", "contexts: { a: { server: 'http://127.0.0.1:1', key: a-secret } }", "No secret belongs in it"],
    ["no server", "contexts: { a: {} }", "context a has no server"],
    ["a slip", "context: {}", 'has "context"; it takes current-context, contexts'],
    ["no YAML", "contexts: [", "is not YAML"],
    ["another name", "current-context: b\ncontexts: { a: { server: 'http://127.0.0.1:1' } }", "it has a."],
  ])("reports what is wrong with a file with %s", async (_what, text, told) => {
    config = join(folder, `${crypto.randomUUID()}.yaml`);
    await writeFile(config, text);

    const { code, stderr } = await mooring(["list"], { MOORING_CONFIG: config });

    expect(code).toBe(2);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(told);
    expect(stderr).not.toContain("a-secret");
  });
});

describe("a proxy", () => {
  const host = "mooring.example";

  /** Starts a CONNECT proxy that records the `host:port` of each tunnel. Every name leads to the one service. */
  async function startProxy(port: number): Promise<{ url: string; tunnels: string[] }> {
    const tunnels: string[] = [];
    const proxy = createServer((_request, response) => response.writeHead(400).end());
    proxy.on("connect", (request, client: Socket, head: Buffer) => {
      tunnels.push(request.url ?? "");
      const service = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        service.write(head);
        client.pipe(service).pipe(client);
      });
      for (const end of [client, service]) end.on("error", () => end.destroy());
      closing.push(() => service.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    closing.push(() => void proxy.close());
    return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels };
  }

  async function serveTls(): Promise<{ port: number; authority: string }> {
    const made = await generate([{ name: "commonName", value: host }], {
      keyType: "ec",
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: host }] },
      ],
    });
    const server = createTlsServer({ key: made.private, cert: made.cert }, (_request, response) =>
      response.writeHead(200, empty.headers).end(empty.body),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const authority = join(folder, "authority.pem");
    await writeFile(authority, made.cert);
    return { port: (server.address() as AddressInfo).port, authority };
  }

  it("in HTTPS_PROXY is used to reach the service, unless NO_PROXY excludes it", async () => {
    const { port, authority } = await serveTls();
    const { url, tunnels } = await startProxy(port);
    const env = { MOORING_SERVER: `https://${host}`, HTTPS_PROXY: url, NODE_EXTRA_CA_CERTS: authority };

    const through = await run(["list"], { env });
    const past = await run(["list"], { env: { ...env, NO_PROXY: `other.example, .${host}` } });

    expect(through).toMatchObject({ code: 0, stdout: "No namespace that you may see is onboarded.\n" });
    expect(past.code).toBe(3);
    expect(tunnels).toEqual([`${host}:443`]);
  });

  it.each(["ALL_PROXY", "all_proxy"])(
    "in %s is used where no variable names one for the protocol",
    async (variable) => {
      const { port, authority } = await serveTls();
      const [all, own] = [await startProxy(port), await startProxy(port)];
      const env = { MOORING_SERVER: `https://${host}`, [variable]: all.url, NODE_EXTRA_CA_CERTS: authority };

      const through = await run(["list"], { env });
      const ofHttp = await run(["list"], { env: { ...env, HTTP_PROXY: own.url } });
      const ofHttps = await run(["list"], { env: { ...env, HTTPS_PROXY: own.url } });
      const past = await run(["list"], { env: { ...env, NO_PROXY: host } });

      for (const each of [through, ofHttp, ofHttps]) expect(each.code).toBe(0);
      expect(past.code).toBe(3);
      expect([all.tunnels, own.tunnels]).toEqual([[`${host}:443`, `${host}:443`], [`${host}:443`]]);
    },
  );

  it("for SOCKS is refused with what is taken, unless nothing would go through it", async () => {
    const { url } = await serve();
    const env = { MOORING_SERVER: `https://${host}`, ALL_PROXY: "socks5h://user:secret-password@127.0.0.1:1" };

    const refused = await run(["list"], { env });
    const own = await run(["list"], { env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1" } });
    const past = await run(["list"], { env: { ...env, NO_PROXY: `.${host}` } });
    const here = await run(["list"], { env: { ...env, MOORING_SERVER: url } });

    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "ALL_PROXY is a SOCKS proxy; only HTTP and HTTPS proxies work, such as http://proxy.example:3128.",
      ),
    });
    expect(refused.stderr).not.toContain("secret-password");
    expect([own.code, past.code, here.code]).toEqual([3, 3, 0]);
    expect(past.stderr).not.toContain("proxy");
  });

  it.each([
    ["https://mooring.example", "mooring.example", true],
    ["https://mooring.example", ".example", true],
    ["https://mooring.example", "*.example", true],
    ["https://mooring.example", "Mooring.Example.", true],
    ["https://mooring.example", "*", true],
    ["https://mooring.example", "other, mooring.example:443", true],
    ["https://mooring.example", "mooring.example:8443", false],
    ["https://mooring.example:8443", "mooring.example:8443", true],
    ["https://mooring.example", "*.mooring.example", false],
    ["https://mooring.example", "ring.example", false],
    ["https://mooring.example", ".", false],
    ["https://mooring.example", "", false],
    ["https://10.1.2.3", "10.0.0.0/8", true],
    ["https://10.1.2.3", "10.1.2.3", true],
    ["https://10.1.2.3", "10.1.2.0/99, 192.168.0.0/16", false],
    ["https://mooring.example", "10.0.0.0/8", false],
    ["https://[fd00::1]", "fd00::/8", true],
    ["https://[fd00::1]:8443", "[fd00::1]:8443", true],
    ["https://[fd00::1]", "fe80::/10", false],
  ])("%s with NO_PROXY=%s: excluded is %s", (server, noProxy, isExcluded) => {
    const found = findProxy(new URL(server), { HTTPS_PROXY: "proxy.example:3128", NO_PROXY: noProxy });

    expect(found === undefined).toBe(isExcluded);
  });

  it("is never used for services on this machine", async () => {
    const { url, asked } = await serve();
    const nowhere = "http://user:secret-password@127.0.0.1:1";

    const here = await run(["list"], { env: { MOORING_SERVER: url, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere } });
    const away = await run(["list"], { env: { MOORING_SERVER: `https://${host}`, HTTPS_PROXY: nowhere } });

    expect(here.code).toBe(0);
    expect(asked).toHaveLength(1);
    expect(away).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("HTTPS_PROXY names a proxy, http://127.0.0.1:1;"),
    });
    expect(away.stderr).not.toContain("secret-password");
  });
});
