/**
 * A service does not recognize Mooring, for a while or permanently: 401 from the cluster and from Azure, a login that a database
 * refuses, and no token. Each happens in the middle of an onboarding, and in the middle of its undos.
 */

import type { Effect, Fault } from "azure-sim/faults";
import { usesRealApiServer } from "kube-sim";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

/** So few attempts that the runtime has made them all long before the service is back. */
const impatient = { attempts: 3 };
const awayMs = 2_500;
const mode = "workloadIdentity";
const unauthorized: Effect = { kind: "error", code: "Unauthorized", status: 401 };
const loginFailed: Effect = {
  kind: "error",
  code: 18456,
  message: "Login failed for user '<token-identified principal>'.",
};
const forbidden: Effect = { kind: "error", code: "Forbidden", status: 403 };
const always = { times: Number.POSITIVE_INFINITY };

let sandbox: SuiteSandbox;
let service: Service;

function requestFor(namespace: string, database = "messages") {
  const databases = [{ server: names.sqlServer, database, roles: ["reader"] }];
  return { cluster: names.cluster, namespace, identityMode: mode, databases };
}

function about(namespace: string): RegExp {
  return new RegExp(`(^|[/-])${namespace}([/-]|$)`);
}

/** Adds the faults, and removes them once each has been hit and the time is over. */
function breakFor(faults: readonly Fault[], ms = awayMs): void {
  const { journal } = sandbox.cloud.faults;
  const before = journal.length;
  const takeBack = faults.map((fault) => sandbox.cloud.faults.add({ ...always, ...fault }));
  const isMet = ({ wire, operation, target }: Fault) =>
    journal
      .slice(before)
      .some((call) => call.wire === wire && matches(operation, call.operation) && matches(target, call.target));
  const timer = setInterval(() => {
    if (!faults.some(isMet)) return;
    clearInterval(timer);
    setTimeout(() => {
      for (const each of takeBack) each();
    }, ms);
  }, 20);
}

function matches(pattern: string | RegExp | undefined, text: string): boolean {
  return pattern === undefined || (typeof pattern === "string" ? pattern === text : pattern.test(text));
}

async function onboard(namespace: string, database?: string, timeoutMs = 90_000): Promise<Operation> {
  return await service.waitFor(await service.onboard(requestFor(namespace, database)), timeoutMs);
}

function codesOf({ steps }: Operation): readonly string[] {
  return steps.flatMap(({ error }) => (error ? [error.code] : []));
}

async function left(namespace: string, database: string): Promise<readonly string[]> {
  return await listRemains(sandbox.cloud, namespace, [database]);
}

const credentials = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

describe("for a while", () => {
  beforeAll(async () => {
    sandbox = await startSandbox({
      because: "its retries are short",
      retry: impatient,
      databases: ["messages", "refused", "undone"],
    });
    service = serviceOf(sandbox);
  });
  afterEach(() => sandbox.cloud.faults.clear());
  afterAll(() => sandbox?.close());

  it("continues an onboarding once the service accepts Mooring again", async () => {
    const places = [
      ["cluster-away", "messages", { wire: "kubernetes", operation: "PATCH serviceaccounts", effect: unauthorized }],
      ["arm-away", "messages", { wire: "arm", operation: `PUT ${credentials}`, effect: unauthorized }],
      ["database-away", "refused", { wire: "sql", operation: "CREATE USER", effect: loginFailed }],
    ] as const;
    for (const [namespace, database, fault] of places) {
      breakFor([{ ...fault, target: fault.wire === "sql" ? /\/refused$/ : about(namespace) }]);
      expect(await left(namespace, database)).toEqual([]);
    }

    const ended = await Promise.all(places.map(([namespace, database]) => onboard(namespace, database)));

    expect(ended.map(({ status, error }) => `${status} ${error?.message ?? ""}`)).toEqual(
      places.map(() => "Succeeded "),
    );
    for (const [namespace, database] of places) {
      expect(await listFaults(sandbox.cloud, { namespace, mode, databases: [database] })).toEqual([]);
    }
  });

  it("also continues the undos, until nothing is left", async () => {
    const places = [
      ["cluster-undo", "messages", { wire: "kubernetes", operation: /^DELETE /, effect: unauthorized }],
      ["arm-undo", "messages", { wire: "arm", operation: /^DELETE /, effect: unauthorized }],
      ["database-undo", "undone", { wire: "sql", operation: /DROP USER/, effect: loginFailed }],
    ] as const;
    for (const [namespace, , fault] of places) {
      const target = fault.wire === "sql" ? /\/undone$/ : about(namespace);
      breakFor([{ ...fault, target }]);
      sandbox.cloud.faults.add({
        wire: "arm",
        operation: `PUT ${credentials}`,
        target: about(namespace),
        ...always,
        effect: forbidden,
      });
    }

    const ended = await Promise.all(places.map(([namespace, database]) => onboard(namespace, database)));

    expect(ended.map(({ status, error }) => `${status} ${error?.code}`)).toEqual(
      places.map(() => "Failed ARM_FORBIDDEN"),
    );
    for (const [namespace, database] of places) expect(await left(namespace, database)).toEqual([]);
  });

  it("requests a new token after a refused one, and waits until it gets one", async () => {
    const namespace = "token-away";
    const { faults } = sandbox.cloud;
    faults.add({
      wire: "kubernetes",
      operation: "PATCH serviceaccounts",
      target: about(namespace),
      effect: unauthorized,
    });
    breakFor([{ wire: "entra", operation: "token", effect: { kind: "error", code: "server_error", status: 503 } }]);
    const before = faults.journal.length;

    const ended = await onboard(namespace);

    expect(ended.error).toBeUndefined();
    expect(ended.status).toBe("Succeeded");
    expect(faults.journal.slice(before).filter(({ wire }) => wire === "entra").length).toBeGreaterThan(1);
    expect(await listFaults(sandbox.cloud, { namespace, mode, databases: ["messages"] })).toEqual([]);
  });
});

describe("for longer than the catalog lets it wait", () => {
  // An undo that fails goes on for as long as the catalog says; a second or more of that shows it.
  const retry = { authenticationTimeoutMs: 1_500, undoTimeoutMs: 3_000 };

  // A real API server on a busy machine takes seconds for a call.
  const callMs = usesRealApiServer ? 8_000 : 2_000;
  const limitMs = 60_000 + 15 * callMs;

  beforeAll(async () => {
    sandbox = await startSandbox({
      because: "its retries are short",
      retry,
      databases: ["messages", "refused"],
      settings: { MOORING_CALL_TIMEOUT_MS: String(callMs) },
    });
    service = serviceOf(sandbox);
  });
  afterEach(() => sandbox.cloud.faults.clear());
  afterAll(() => sandbox?.close());

  it("fails with a specific code, and with everything undone", async () => {
    const places = [
      ["cluster-lost", "messages", { wire: "kubernetes", operation: "PATCH serviceaccounts", effect: unauthorized }],
      ["arm-lost", "messages", { wire: "arm", operation: `PUT ${credentials}`, effect: unauthorized }],
      ["database-lost", "refused", { wire: "sql", operation: "CREATE USER", effect: loginFailed }],
    ] as const;
    for (const [namespace, , fault] of places) {
      const target = fault.wire === "sql" ? /\/refused$/ : about(namespace);
      sandbox.cloud.faults.add({ ...always, ...fault, target });
    }

    const ended = await Promise.all(places.map(([namespace, database]) => onboard(namespace, database)));

    for (const [index, [namespace, database]] of places.entries()) {
      const operation = ended[index];
      expect(operation?.error).toMatchObject({ code: "AUTHENTICATION_FAILED", retryable: true });
      expect(operation?.steps.find(({ status }) => status === "Failed")).toMatchObject({
        error: { code: "AUTHENTICATION_FAILED" },
        attempts: expect.toSatisfy((tries: number) => tries > 1),
      });
      expect(await left(namespace, database)).toEqual([]);
    }
  });

  it("reports it in a plan without waiting", async () => {
    const namespace = "plan-lost";
    sandbox.cloud.faults.add({ wire: "kubernetes", target: about(namespace), ...always, effect: unauthorized });

    const { status, body } = await service.call("POST", "/api/onboardings?dryRun=true", requestFor(namespace));

    expect(status).toBe(200);
    expect(body["blocked"]).toBe(true);
    expect(JSON.stringify(body["steps"])).toContain("AUTHENTICATION_FAILED");
  });

  it("names what it could not undo, and undoes it once the service accepts Mooring again", async () => {
    const namespace = "undo-lost";
    // Everything after the first write.
    sandbox.cloud.faults.add({
      wire: "arm",
      operation: /^(PUT Microsoft.ManagedIdentity.*federated|DELETE)/,
      target: about(namespace),
      ...always,
      effect: unauthorized,
    });

    const ended = await onboard(namespace);

    expect(ended.error?.code).toBe("COMPENSATION_FAILED");
    expect(new Set(codesOf(ended))).toEqual(new Set(["AUTHENTICATION_FAILED"]));

    sandbox.cloud.faults.clear();
    const { status, body } = await service.call("POST", `/api/operations/${ended.id}/compensate`);
    expect(status).toBe(202);
    expect((await service.waitFor(String(body["id"]), 60_000)).status).toBe("Succeeded");
    expect(await left(namespace, "messages")).toEqual([]);
  });

  it(
    "fails the same way when no token is available",
    async () => {
      const namespace = "token-lost";
      const { faults } = sandbox.cloud;
      faults.add({
        wire: "kubernetes",
        operation: "PATCH serviceaccounts",
        target: about(namespace),
        effect: unauthorized,
      });
      // No answer at all: only the time-out of the call ends it.
      faults.add({ wire: "entra", operation: "token", ...always, effect: { kind: "hang" } });

      // A dozen calls, of the step and of the undos, each wait for a token until their time-out.
      const ended = await onboard(namespace, undefined, limitMs);

      expect(codesOf(ended)).toContain("AUTHENTICATION_FAILED");
      expect(ended.status).toBe("Failed");
    },
    limitMs,
  );
});
