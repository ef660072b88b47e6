/** The package of only the command line, installed as a user installs it: from its tarball, into an empty folder. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PackagedCli, packageCli } from "../../tools/package/packageCli.ts";

const call = promisify(execFile);
let folder: string;
let home: string;
let packaged: PackagedCli;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-cli-package-"));
  home = join(folder, "home");
  packaged = await packageCli(folder);
  await mkdir(home);
  await writeFile(join(home, "package.json"), "{}");
  await call("npm", ["install", "--offline", "--no-audit", "--no-fund", packaged.file], { cwd: home });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function mooring(args: readonly string[], env: Record<string, string> = {}) {
  const program = join(home, "node_modules/mooring-cli/bin/mooring.mjs");
  const plain = { PATH: process.env["PATH"], HOME: home };
  return await call(process.execPath, [program, ...args], { cwd: home, env: { ...plain, ...env } });
}

it("is a single small program without dependencies", async () => {
  const modules = await readdir(join(home, "node_modules"));
  const files = await readdir(join(home, "node_modules/mooring-cli"), { recursive: true });

  expect(modules.filter((name) => !name.startsWith("."))).toEqual(["mooring-cli"]);
  expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", join("bin", "mooring.mjs")]));
  expect(packaged.bytes).toBeLessThan(2_000_000);
});

it("says which Node it needs, instead of failing to load", async () => {
  const older = `Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})`;
  const old = mooring(["--version"], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` });

  await expect(old).rejects.toMatchObject({
    code: 78,
    stdout: "",
    stderr: "mooring: Node 20.20.2 is too old; 22.19 or newer is needed: https://nodejs.org\n",
  });
});

it("runs help, its version, a list, contexts, completion, a proxy and the check of a catalog", async () => {
  const server = createServer((_request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"value":[]}'),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await mooring(["config", "set-context", "here", "--server", url]);
  await mooring(["config", "use-context", "here"]);
  const catalog = join(import.meta.dirname, "../../mooring.yaml");

  const [version, help, list, completion, check] = await Promise.all([
    mooring(["--version"]),
    mooring(["--help"]),
    mooring(["list"]),
    mooring(["completion", "zsh"]),
    mooring(["catalog", "check", catalog]),
  ]);
  server.close();
  const away = { HTTPS_PROXY: "http://127.0.0.1:1" };
  const proxied = () => mooring(["list", "--server", "https://mooring.example"], away);
  const token = () =>
    mooring(["list", "--server", "https://127.0.0.1:1", "--audience", "some-audience"], {
      AZURE_TOKEN_CREDENTIALS: "EnvironmentCredential",
    });

  expect(version.stdout).toMatch(/^mooring \d+\.\d+\.\d+\n$/);
  expect(help.stdout).toContain("usage: mooring <command>");
  expect(list.stdout).toBe("No namespace that you may see is onboarded.\n");
  expect(completion.stdout).toContain("#compdef mooring");
  expect(check.stdout).toContain("no problems");
  await expect(proxied()).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining("names a proxy") });
  await expect(mooring(["up"])).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("a checkout") });
  await expect(token()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No token for some-audience"),
  });
});
