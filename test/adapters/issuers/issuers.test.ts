/** What Mooring reads of an issuer's documents, and what it says when they are not as they should be. */
import { createServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createFaults } from "../../../packages/azure-sim/src/faults.ts";
import { type IssuersSimulator, startIssuers } from "../../../packages/azure-sim/src/issuers/index.ts";
import { createCertificate } from "../../../packages/azure-sim/src/tls.ts";
import { createSigningKey, createWorld } from "../../../packages/azure-sim/src/world.ts";
import { createIssuers } from "../../../src/adapters/issuers/index.ts";

const faults = createFaults();
const issuers = createIssuers({ timeoutMs: 300 });
const k3s = { alias: "k3s" };
let simulator: IssuersSimulator;
let issuer: string;

beforeAll(async () => {
  const tls = await createCertificate();
  setDefaultCACertificates([...getCACertificates("default"), tls.certificate]);
  simulator = await startIssuers({ world: await createWorld(), faults, tls });
  issuer = simulator.issuerOf("k3s");
});
afterAll(() => simulator.close());
beforeEach(async () => {
  faults.clear();
  simulator.published.set("k3s", { issuer, keys: [(await createSigningKey()).publicJwk] });
});

const read = (address = issuer) => issuers.read(address, k3s);

it("reads the issuer and its keys, and sees that only this machine has the address", async () => {
  const { publicJwk } = await createSigningKey();
  simulator.published.set("k3s", { issuer, keys: [publicJwk] });

  expect(await read()).toEqual({ issuer, keys: [{ id: publicJwk.kid, type: "RSA" }], isPrivate: true });
  expect(await read(`${issuer}/`)).toMatchObject({ issuer });
});

it("fails for good where the documents are not there", async () => {
  simulator.published.set("k3s", undefined);

  await expect(read()).rejects.toMatchObject({
    code: "OIDC_ISSUER_UNUSABLE",
    message: 'The discovery document of the issuer of cluster "k3s" answers 404.',
  });
});

it.each<[what: string, effect: Parameters<typeof faults.add>[0], code: string, says: RegExp]>([
  [
    "answers 503",
    { wire: "entra", operation: "issuer discovery", effect: { kind: "error", code: "x", status: 503 } },
    "OIDC_ISSUER_UNREACHABLE",
    /discovery document of the issuer of cluster "k3s" answers 503\.$/,
  ],
  [
    "has no keys for a moment",
    { wire: "entra", operation: "issuer keys", effect: { kind: "error", code: "x", status: 429 } },
    "OIDC_ISSUER_UNREACHABLE",
    /key set of the issuer of cluster "k3s" \(jwks_uri\) answers 429\.$/,
  ],
  [
    "has no keys at all",
    { wire: "entra", operation: "issuer keys", effect: { kind: "error", code: "x", status: 403 } },
    "OIDC_ISSUER_UNUSABLE",
    /answers 403\.$/,
  ],
  [
    "sends us elsewhere",
    { wire: "entra", operation: "issuer discovery", effect: { kind: "error", code: "x", status: 302 } },
    "OIDC_ISSUER_UNUSABLE",
    /answers 302\.$/,
  ],
  [
    "answers with something else",
    {
      wire: "entra",
      operation: "issuer discovery",
      effect: { kind: "error", code: "x", status: 200, message: "<html>" },
    },
    "OIDC_ISSUER_UNUSABLE",
    /is not JSON\.$/,
  ],
  [
    "answers with another document",
    { wire: "entra", operation: "issuer discovery", effect: { kind: "error", code: "x", status: 200, message: "{}" } },
    "OIDC_ISSUER_UNUSABLE",
    /is not one: issuer: /,
  ],
  [
    "breaks off",
    { wire: "entra", operation: "issuer discovery", effect: { kind: "cutBefore" } },
    "OIDC_ISSUER_UNREACHABLE",
    /does not come: /,
  ],
  [
    "does not answer",
    { wire: "entra", operation: "issuer discovery", effect: { kind: "hang" } },
    "OIDC_ISSUER_UNREACHABLE",
    /does not come: /,
  ],
])("says so when the issuer %s", async (_what, fault, code, says) => {
  faults.add(fault);

  await expect(read()).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
});

it("does not trust just any certificate, and hides where it was", async () => {
  const tls = await createCertificate();
  const other = await startIssuers({ world: await createWorld(), faults, tls });

  const failure = await read(other.issuerOf("k3s")).catch((error: unknown) => error);
  await other.close();

  expect(failure).toMatchObject({
    code: "OIDC_ISSUER_UNUSABLE",
    message: expect.stringContaining("a certificate that Mooring does not trust"),
  });
});

it("says so when nobody listens, without the address", async () => {
  const free = createServer().listen(0, "127.0.0.1");
  const port = await new Promise<number>((resolve) => {
    free.on("listening", () => resolve((free.address() as { port: number }).port));
  });
  await new Promise((resolve) => free.close(resolve));

  const failure = await read(`https://127.0.0.1:${port}/k3s`).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: "OIDC_ISSUER_UNREACHABLE" });
  expect(String(failure)).not.toContain(String(port));
});
