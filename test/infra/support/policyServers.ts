/** API servers that hold someone with Mooring's token to what infra/kubernetes allows: simulated, and real. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { standard } from "kube-sim";
import { expect, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { readClusterRights } from "../../../sandbox/rights.ts";
import { startCluster } from "../../support/cluster.ts";
import { appId, changedJob, features, mark, namespace, principalId } from "./mooringsWrites.ts";
import { startRealApiServer } from "./realApiServer.ts";

/** An API server with all files of infra/kubernetes applied. */
export interface Server {
  /** As Mooring, unless as an administrator. */
  request(
    method: string,
    path: string,
    asked?: { body?: object; headers?: Record<string, string>; asAdministrator?: boolean },
  ): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** The sandbox's cluster, with what the sandbox applies to it: simulated, or with MOORING_API_SERVER=real a real API server. */
export async function startOfSandbox(more: readonly object[] = []): Promise<Server> {
  const { rules, documents } = await readClusterRights(features, principalId);
  const cluster = await startCluster({
    traits: { roles: new Map([[appId, rules]]) },
    simulator: { policies: [...documents, ...more] },
  });
  const token = await cluster.entraToken({ appid: appId });
  const server: Server = {
    request(method, path, { asAdministrator = false, body, headers } = {}) {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      // Node.js does not tell the length of a DELETE's body by itself.
      const length = sent === undefined ? {} : { "content-length": String(Buffer.byteLength(sent)) };
      const asked = { headers: { ...length, ...headers }, ...(sent === undefined ? {} : { body: sent }) };
      return cluster.request(method, path, {
        ...asked,
        token: asAdministrator ? cluster.simulator.adminToken : token,
      });
    },
    close: () => cluster.simulator.close(),
  };
  await untilInForce(server.request);
  return server;
}

export async function startReal(programs: string, more: readonly object[] = []): Promise<Server> {
  const tokens = [
    { token: "administrator", user: "administrator", group: "system:masters" },
    { token: "mooring", user: principalId },
  ];
  const server = await startRealApiServer(programs, tokens);
  const request: Server["request"] = (method, path, { asAdministrator = false, ...asked } = {}) =>
    server.request(method, path, { ...asked, token: asAdministrator ? "administrator" : "mooring" });
  try {
    await grant(request, more);
  } catch (error) {
    await server.close();
    throw error;
  }
  return { request, close: server.close };
}

/** Applies what an operator applies, and waits until it is in force; for `more` nobody waits. */
async function grant(request: Server["request"], more: readonly object[]): Promise<void> {
  const { documents } = await readClusterRights(features, principalId);
  await make(request, [...(documents as readonly object[]), ...standard.podIdentity]);
  await untilInForce(request);
  await make(request, more);
}

async function make(request: Server["request"], documents: readonly object[]): Promise<void> {
  for (const document of documents) {
    const { kind, apiVersion } = document as { kind: string; apiVersion: string };
    const plural = kind.endsWith("Policy") ? kind.replace(/y$/, "ies") : `${kind}s`;
    const path = `/apis/${apiVersion}/${plural.toLowerCase()}`;
    const made = await request("POST", path, { body: document, asAdministrator: true });
    if (made.status !== 201) throw new Error(`${kind}: ${made.text}`);
  }
}

/** What an operator may apply besides. */
export async function readVerificationAccounts(): Promise<readonly object[]> {
  const file = join(import.meta.dirname, "../../../infra/kubernetes/verification-accounts.yaml");
  const text = (await readFile(file, "utf8")).replaceAll("<object id of Mooring's identity>", principalId);
  return parseAllDocuments(text).map((document) => document.toJS() as object);
}

/** A real API server reads each new policy some time after it was made. */
async function untilInForce(request: Server["request"]): Promise<void> {
  await request("POST", "/api/v1/namespaces", { body: namespace("trial", {}), asAdministrator: true });
  const isInForce = async () => {
    const inTrial = { ...mark("trial"), namespace: "trial" };
    const foreign = await changedJob((_, container) => {
      container["image"] = "another";
    }, inTrial);
    const limited = await request("POST", "/apis/batch/v1/namespaces/trial/jobs?dryRun=All", { body: foreign });
    expect(limited.text).toContain("mooring-verification-job");
    const job = await changedJob(() => undefined, { name: "theirs", namespace: "default" });
    const [unmarked, started, served] = await Promise.all([
      request("POST", "/api/v1/namespaces?dryRun=All", { body: namespace("unmarked", {}) }),
      request("POST", "/apis/batch/v1/namespaces/default/jobs?dryRun=All", { body: job }),
      request("GET", "/apis/aadpodidentity.k8s.io/v1/azureidentities?limit=1", { asAdministrator: true }),
    ]);
    expect(unmarked.text).toContain("mooring-writes");
    expect(started.text).toContain("mooring-writes");
    expect(served.status).toBe(200);
  };
  await vi.waitFor(isInForce, { timeout: 60_000, interval: 200 });
}
