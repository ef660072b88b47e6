/** Mooring's login as a service account of the cluster: by a file that somebody else keeps fresh. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { createTokenFiles, type TokenFiles } from "../../../src/adapters/kubernetes/tokenFiles.ts";

const key = new Uint8Array(32);
let folder: string;
let tokenFile: string;
let now: number;
let files: TokenFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-tokens-"));
  tokenFile = join(folder, "token");
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  now = Date.now();
  files = createTokenFiles({ now: () => now });
  await rm(tokenFile, { force: true });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

const login = () => ({ by: "serviceAccount", namespace: "mooring", name: "bot", tokenFile }) as const;
const read = () => files.read(login(), "k3s");

let count = 0;
async function token({ sub = "system:serviceaccount:mooring:bot", seconds = 3_600 } = {}): Promise<string> {
  count += 1;
  const issued = Math.floor(now / 1_000);
  const jwt = new SignJWT({ sub, jti: String(count) }).setProtectedHeader({ alg: "HS256" });
  return await jwt.setExpirationTime(issued + seconds).sign(key);
}

it("reads the file again a minute later, and so gets the token that replaced the first", async () => {
  const [first, second] = [await token(), await token()];
  await writeFile(tokenFile, `${first}\n`);
  expect(await read()).toBe(first);

  await writeFile(tokenFile, second);
  now += 59_000;
  expect(await read()).toBe(first);
  now += 2_000;
  expect(await read()).toBe(second);
});

it("reads it at once when the cluster refused the token, or when that has expired", async () => {
  const [first, second, third] = [await token(), await token({ seconds: 20 }), await token()];
  await writeFile(tokenFile, first);
  expect(await read()).toBe(first);

  await writeFile(tokenFile, second);
  files.refuse(first);
  expect(await read()).toBe(second);

  await writeFile(tokenFile, third);
  now += 20_000;
  expect(await read()).toBe(third);
});

it.each<[what: string, text: () => Promise<string | undefined>, says: string]>([
  ["is not there", async () => undefined, "is not there"],
  ["is empty", async () => "", "has no token in it"],
  ["has something else in it", async () => "hello", "has no token in it"],
  [
    "is a kubeconfig",
    async () => "apiVersion: v1\nkind: Config\nusers:\n- name: me\n  user:\n    exec: { command: aws }\n",
    "is a kubeconfig; Mooring runs none of its programs",
  ],
  ["has expired", () => token({ seconds: -60 }), "has a token that expired at 20"],
  [
    "is another account's",
    () => token({ sub: "system:serviceaccount:default:default" }),
    "has a token of system:serviceaccount:default:default, not of system:serviceaccount:mooring:bot",
  ],
])("a file that %s is a failed login, which names the setting and not the path", async (_what, text, says) => {
  const content = await text();
  if (content !== undefined) await writeFile(tokenFile, content);

  const failure = await read().catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: "AUTHENTICATION_FAILED", name: "TransientError" });
  expect(String(failure)).toContain(`clusters.k3s.login.tokenFile of the catalog names ${says}`);
  expect(String(failure)).not.toContain(folder);
});

it("goes on once the file is right", async () => {
  await expect(read()).rejects.toThrow("is not there");

  const right = await token();
  await writeFile(tokenFile, right);

  expect(await read()).toBe(right);
});
