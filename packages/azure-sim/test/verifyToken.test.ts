/** A token is verified once, and its claims every time. */
import { generateKeyPair, SignJWT } from "jose";
import { beforeAll, expect, it } from "vitest";
import { verifyToken } from "../src/verifyToken.ts";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let own: Pair;
let other: Pair;
let token: string;

beforeAll(async () => {
  [own, other] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
  token = await new SignJWT({ appid: "app" })
    .setProtectedHeader({ alg: "RS256" })
    .setAudience("https://database.windows.net/")
    .setExpirationTime(2_000)
    .sign(own.privateKey);
});

const at = (seconds: number) => ({ currentDate: new Date(seconds * 1000) });

it("gives the same claims each time", async () => {
  const first = await verifyToken(token, own, at(1_000));
  const second = await verifyToken(token, own, at(1_000));

  expect(first).toMatchObject({ appid: "app", exp: 2_000 });
  expect(second).toEqual(first);
});

it.each([
  ["its lifetime is over", "ERR_JWT_EXPIRED", at(3_000)],
  [
    "it is for another audience",
    "ERR_JWT_CLAIM_VALIDATION_FAILED",
    { ...at(1_000), audience: "https://vault.azure.net" },
  ],
  [
    "it is from another issuer",
    "ERR_JWT_CLAIM_VALIDATION_FAILED",
    { ...at(1_000), issuer: "https://sts.windows.net/" },
  ],
  ["it lacks a claim", "ERR_JWT_CLAIM_VALIDATION_FAILED", { ...at(1_000), requiredClaims: ["tid"] }],
])("refuses a token that it has verified where %s", async (_what, code, options) => {
  await verifyToken(token, own, at(1_000));

  await expect(verifyToken(token, own, options)).rejects.toMatchObject({ code });
});

it("refuses another key's token each time, and one whose claims were exchanged", async () => {
  const forged = token.replace(/\.[^.]+\./, `.${Buffer.from('{"appid":"another","exp":2000}').toString("base64url")}.`);
  await verifyToken(token, own, at(1_000));

  for (const [text, key] of [
    [token, other],
    [forged, own],
    [token, other],
    [forged, own],
  ] as const) {
    await expect(verifyToken(text, key, at(1_000))).rejects.toMatchObject({
      code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    });
  }
});

it("refuses what is no token", async () => {
  await expect(verifyToken("garbage", own, at(1_000))).rejects.toMatchObject({ code: "ERR_JWS_INVALID" });
});
