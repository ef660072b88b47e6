/**
 * The verification Job runs only under accounts that its namespace names, with infra/kubernetes/verification-accounts.yaml nowhere
 * else, and nobody with Mooring's token can name one: on the simulated cluster and, where one is built, on a real API server.
 */

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { usesRealApiServer } from "../../packages/kube-sim/src/cluster/index.ts";
import { sayNotRun } from "../support/notRun.ts";
import { apply, changedJob, mark, namespace, verificationJob, type Written } from "./support/mooringsWrites.ts";
import { readVerificationAccounts, type Server, startOfSandbox, startReal } from "./support/policyServers.ts";
import { findApiServer } from "./support/realApiServer.ts";

const sign = "verify.mooring.dev/accounts";
const isUnnamed =
  /ValidatingAdmissionPolicy 'mooring-verification-accounts' .* denied request: A Job of Mooring runs only where/;
const isOfAnother =
  /ValidatingAdmissionPolicy 'mooring-verification-job' .* denied request: A Job of Mooring runs only under/;

function annotated(accounts: string, marks = mark("own")): Written {
  return namespace("own", { ...marks, annotations: { ...marks.annotations, [sign]: accounts } });
}

async function under(account: string | undefined, more: object = {}): Promise<Written> {
  return await changedJob((pod) => {
    delete pod["serviceAccountName"];
    Object.assign(pod, account === undefined ? {} : { serviceAccountName: account }, more);
  });
}

function prove(start: (more: readonly object[]) => Promise<Server>): void {
  let server: Server;
  beforeAll(async () => {
    server = await start(await readVerificationAccounts());
    await server.request("POST", "/api/v1/namespaces", { body: namespace("own", mark("own")), asAdministrator: true });
  }, 180_000);
  afterAll(() => server?.close());

  async function expectDenied(job: Written, why: RegExp) {
    const { status, text } = await apply(job, server);
    expect(status, text).toBe(422);
    expect(text).toMatch(why);
    expect(text).not.toContain("resulted in error");
  }

  it("refuses the Job while the namespace names no account", async () => {
    const job = await verificationJob("workloadIdentity");
    // A real API server reads each new policy some time after it was made.
    await vi.waitFor(() => expectDenied(job, isUnnamed), { timeout: 60_000, interval: 200 });
  });

  it("does not let Mooring name one", async () => {
    const { status, text } = await apply(annotated("theirs"), server);

    expect(status, text).toBe(422);
    expect(text).toContain("Mooring writes only namespaces with its mark");
  });

  it("admits the Job under the accounts that somebody else named, and no other", async () => {
    const body = { metadata: { annotations: { [sign]: "app,web" } } };
    const headers = { "content-type": "application/merge-patch+json" };
    const named = await server.request("PATCH", "/api/v1/namespaces/own", { body, headers, asAdministrator: true });
    expect(named.status, named.text).toBe(200);

    // A real API server shows policies a namespace a moment after it was written.
    const theirs = await under("theirs");
    await vi.waitFor(() => expectDenied(theirs, isOfAnother), { timeout: 20_000, interval: 100 });
    await expectDenied(await under(undefined), isOfAnother);
    await expectDenied(await under("ap"), isOfAnother);
    const { status, text } = await apply(await verificationJob("workloadIdentity"), server);
    expect(status, text).toBeLessThan(300);
  });

  it("does not let Mooring take the sign away, or change it", async () => {
    const marks = mark("own");
    for (const each of [annotated("theirs"), namespace("own", marks)]) {
      const { status, text } = await apply(each, server);
      // Applying without the annotation leaves what somebody else has set.
      if (status < 300) expect(JSON.parse(text).metadata.annotations[sign]).toBe("app,web");
      else expect(text).toContain("Mooring writes only namespaces with its mark");
    }
  });
}

describe(`the sandbox's cluster${usesRealApiServer ? " with a real API server" : ""}`, () => prove(startOfSandbox));

const programs = findApiServer();
if (programs === undefined) sayNotRun("named accounts on a real API server (npm run apiServer builds one)");
else describe("a real API server", () => prove((more) => startReal(programs, more)));
