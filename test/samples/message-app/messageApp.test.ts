import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EntraSimulator, startEntra } from "../../../packages/azure-sim/src/entra/index.ts";
import type { SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import {
  addCluster,
  addIdentity,
  createContext,
  signServiceAccountToken,
  tokenAudience,
  writeTokenFile,
} from "../../../packages/azure-sim/test/entra/fixture.ts";

const subject = "system:serviceaccount:team-a:app";
let context: SimulatorContext;
let entra: EntraSimulator;
let file: Awaited<ReturnType<typeof writeTokenFile>>;
let issuer: string;
let trust: string;

beforeAll(async () => {
  context = await createContext();
  const cluster = await addCluster(context.world, "aks-dev");
  issuer = cluster.oidcIssuer;
  entra = await startEntra(context);
  file = await writeTokenFile(await signServiceAccountToken(cluster, { subject }));
  trust = join(dirname(file.path), "ca.pem");
  await writeFile(trust, context.tls.certificate);
});

afterAll(async () => {
  await entra.close();
  await file.remove();
});

function run(env: Record<string, string>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ["samples/message-app/main.ts"], {
    env: { NODE_EXTRA_CA_CERTS: trust, ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

function workload(clientId: string): Record<string, string> {
  return {
    // Nothing listens on the discard port.
    SERVER_NAME: "localhost,9",
    DATABASE_NAME: "orders",
    AZURE_CLIENT_ID: clientId,
    AZURE_TENANT_ID: context.world.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: file.path,
    AZURE_AUTHORITY_HOST: entra.authorityHost,
  };
}

test("names the setting that is missing", async () => {
  expect(await run({ SERVER_NAME: "localhost" })).toEqual({
    code: 2,
    stdout: "",
    stderr: "DATABASE_NAME is not set; take it from the ConfigMap mooring-databases.\n",
  });
});

test("reports Entra's code when it gets no token", async () => {
  const { clientId } = addIdentity(context.world, "unfederated");

  const { code, stderr } = await run(workload(clientId));

  expect(code).toBe(3);
  expect(stderr).toBe(
    `No token for the database: AADSTS700211: No matching federated identity record found for presented assertion issuer '${issuer}'.\n`,
  );
});

test("says that the service account names no identity", async () => {
  const { AZURE_CLIENT_ID: _, ...environment } = workload("");

  expect(await run(environment)).toEqual({
    code: 3,
    stdout: "",
    stderr: "No token for the database: the service account of this pod has no annotation that names an identity.\n",
  });
});

test("says that no such identity exists", async () => {
  const { code, stderr } = await run(workload(randomUUID()));

  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^No token for the database: AADSTS700016: Application with identifier '[^']+' was not found in the directory '[^']+'\.\n$/,
  );
});

test("says that it cannot reach the server", async () => {
  const { clientId } = addIdentity(context.world, "federated", [
    { name: "app", issuer, subject, audiences: [tokenAudience] },
  ]);

  const { code, stderr } = await run(workload(clientId));

  expect(code).toBe(6);
  expect(stderr).toMatch(/^Cannot reach database "orders" on localhost,9: .*\n$/);
});
