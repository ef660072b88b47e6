/** Mooring's own tokens: kept while they are accepted, replaced when one is refused, and never awaited without a limit. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renewable, type TokenSource } from "../../src/adapters/credential.ts";

const scope = "https://management.azure.com/.default";
const farAway = { expiresOnTimestamp: Number.MAX_SAFE_INTEGER };

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

/** Credentials that share a cache, as managed identities do; `renew` refills it. */
function shared() {
  let count = 1;
  const calls = { opened: 0, renewed: 0 };
  const source: TokenSource = {
    open() {
      calls.opened += 1;
      return { getToken: async () => ({ token: `token ${count}`, ...farAway }) };
    },
    async renew() {
      calls.renewed += 1;
      count += 1;
    },
  };
  return { source, calls };
}

it("requests no other token while the current one is accepted", async () => {
  const { source, calls } = shared();
  const credential = renewable(source, 1_000);

  expect((await credential.getToken(scope))?.token).toBe("token 1");
  expect((await credential.getToken(scope))?.token).toBe("token 1");
  expect(calls).toEqual({ opened: 1, renewed: 0 });
});

describe("the cache", () => {
  const minutes = (count: number) => Date.now() + count * 60_000;
  const counting = (times: { expiresOnTimestamp: number; refreshAfterTimestamp?: number }) => {
    const getToken = vi.fn(async () => ({ token: `token ${getToken.mock.calls.length}`, ...times }));
    return { getToken, credential: renewable({ open: () => ({ getToken }), renew: vi.fn() }, 1_000) };
  };

  it("keeps the token of each scope, bypassing the SDK's own cache", async () => {
    const { getToken, credential } = counting({ expiresOnTimestamp: minutes(60) });

    for (const of of [scope, scope, "another/.default", scope]) await credential.getToken(of);

    expect(getToken.mock.calls).toEqual([
      [scope, undefined],
      ["another/.default", undefined],
    ]);
  });

  it("asks once for everything that waits for the same token", async () => {
    const { getToken, credential } = counting({ expiresOnTimestamp: minutes(60) });

    const tokens = await Promise.all([scope, scope, scope].map((of) => credential.getToken(of)));

    expect(getToken).toHaveBeenCalledTimes(1);
    expect(new Set(tokens.map((each) => each?.token)).size).toBe(1);
  });

  it.each([
    ["that is about to expire", { expiresOnTimestamp: minutes(1) }],
    ["that its issuer would have replaced", { expiresOnTimestamp: minutes(60), refreshAfterTimestamp: minutes(-1) }],
  ])("keeps no token %s", async (_which, times) => {
    const { credential } = counting(times);

    expect((await credential.getToken(scope))?.token).toBe("token 1");
    expect((await credential.getToken(scope))?.token).toBe("token 2");
  });

  it("keeps no token of a caller that asks for more than a scope", async () => {
    const { getToken, credential } = counting({ expiresOnTimestamp: minutes(60) });
    await credential.getToken(scope);

    await credential.getToken(scope, { claims: "{}" });

    expect(getToken).toHaveBeenCalledTimes(2);
  });
});

it("gives another token after a refusal, and the same one to all concurrent callers", async () => {
  const { source, calls } = shared();
  const credential = renewable(source, 1_000);
  await credential.getToken(scope);

  credential.refuse("token 1");
  const given = await Promise.all([1, 2, 3].map(() => credential.getToken(scope)));

  expect(given.map((token) => token?.token)).toEqual(["token 2", "token 2", "token 2"]);
  expect(calls.renewed).toBe(1);
  expect((await credential.getToken(scope))?.token).toBe("token 2");
});

it("only opens a new credential where each credential keeps its own tokens", async () => {
  let opened = 0;
  const renew = vi.fn(async () => undefined);
  const open = () => {
    opened += 1;
    const token = `of credential ${opened}`;
    return { getToken: async () => ({ token, ...farAway }) };
  };
  const credential = renewable({ open, renew }, 1_000);

  credential.refuse("of credential 1");

  expect((await credential.getToken(scope))?.token).toBe("of credential 2");
  expect(renew).not.toHaveBeenCalled();
});

it("does not fall back to the refused token while no other is available", async () => {
  const { source, calls } = shared();
  let isAway = true;
  const renew = async (of: string) => {
    if (isAway) throw new Error("503");
    await source.renew(of);
  };
  const credential = renewable({ ...source, renew }, 1_000);
  credential.refuse("token 1");

  for (const _ of [1, 2]) {
    await expect(credential.getToken(scope)).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
  }
  isAway = false;

  expect((await credential.getToken(scope))?.token).toBe("token 2");
  expect(calls.renewed).toBe(1);
});

it("uses the refused token again when there is no other, and asks only once for each refusal", async () => {
  const renew = vi.fn(async () => undefined);
  const credential = renewable({ open: () => ({ getToken: async () => ({ token: "a", ...farAway }) }), renew }, 1_000);

  credential.refuse("a");

  expect((await credential.getToken(scope))?.token).toBe("a");
  expect((await credential.getToken(scope))?.token).toBe("a");
  expect(renew).toHaveBeenCalledTimes(1);
});

it("does not wait forever, as the SDK's credentials do", async () => {
  const credential = renewable({ open: () => ({ getToken: () => new Promise(() => undefined) }), renew: vi.fn() }, 50);

  await expect(credential.getToken(scope)).rejects.toMatchObject({
    code: "AUTHENTICATION_FAILED",
    message: "Mooring's identity got no token: no answer within 0.05 s",
  });
});

it("reports Entra's error number, and leaves the rest to the log, without tokens", async () => {
  const text = "invalid_client: AADSTS700016: not found at https://login.example/tenant eyJhbGciOi.eyJvaWQi.c2ln";
  const credential = renewable(
    { open: () => ({ getToken: () => Promise.reject(new Error(text)) }), renew: vi.fn() },
    1_000,
  );

  await expect(credential.getToken(scope)).rejects.toThrow(/^Mooring's identity got no token: AADSTS700016$/);

  const log = vi.mocked(console.warn).mock.calls.join("\n");
  expect(log).toContain("https://login.example/tenant");
  expect(log).not.toContain("eyJ");
});
