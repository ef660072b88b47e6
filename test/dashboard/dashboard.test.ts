/**
 * The dashboard as people use it: a real browser, the built pages, and the whole service in one sandbox. The tests build on each
 * other's data, as people do.
 */
import { randomUUID } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { TableClient, type TransactionAction } from "@azure/data-tables";
import type { Browser, BrowserContext, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { tokenOf } from "../support/people.ts";
import { isShort } from "../support/proofs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import {
  expectAccessible,
  expectToFit,
  heightOnPhone,
  openPages,
  type Pages,
  startBrowser,
  takeScreenshots,
} from "./support/browser.ts";
import { executable } from "./support/executable.ts";

const { cluster, sqlServer } = names;
const database = (name: string, ...roles: string[]) => ({ server: sqlServer, database: name, roles });
const request = (namespace: string, changes: object = {}) => ({
  cluster,
  namespace,
  databases: [database("messages", "reader")],
  ...changes,
});

let sandbox: SuiteSandbox;
/** Uses the operator's key. */
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({ callers: "keys", approval: { databases: [`${sqlServer}/orders`] } });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());
afterEach(() => sandbox?.cloud.faults.clear());

const ask = (path: string, headers: Record<string, string> = {}) => fetch(`${sandbox.url}${path}`, { headers });

describe("what is served", () => {
  it("is one document for every page, which is always revalidated and may load only its own files", async () => {
    const answers = await Promise.all(
      ["/dashboard", "/dashboard/", "/dashboard/namespaces/a/b"].map((path) => ask(path)),
    );
    const [document, ...others] = await Promise.all(answers.map((answer) => answer.text()));
    const { headers } = answers[0] ?? new Response();

    expect(new Set(others)).toEqual(new Set([document]));
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const authority = new URL(sandbox.cloud.entra.issuer).origin;
    expect(headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${authority}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(document).not.toMatch(/<script(?![^>]*\bsrc=")|<style|\bstyle=|\bon\w+=|javascript:/);
    expect([...(document ?? "").matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)).toEqual([
      expect.stringMatching(/^\/dashboard\/assets\/icon-\w+\.svg$/),
      expect.stringMatching(/^\/dashboard\/assets\/main-\w+\.css$/),
      expect.stringMatching(/^\/dashboard\/assets\/main-\w+\.js$/),
    ]);
  });

  it("is compressed, is cached forever by the hash in its name, and has at most 60 KB of JavaScript", async () => {
    const document = await (await ask("/dashboard")).text();
    const [script = ""] = /\/dashboard\/assets\/main-\w+\.js/.exec(document) ?? [];

    const compressed = await ask(script, { "accept-encoding": "gzip" });
    const code = Buffer.from(await compressed.arrayBuffer());

    expect(Object.fromEntries(compressed.headers)).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "gzip",
      "content-type": "text/javascript; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(60 * 1024);
    const plain = await ask(script, { "accept-encoding": "identity" });
    expect([plain.headers.get("content-encoding"), Buffer.from(await plain.arrayBuffer()).equals(code)]).toEqual([
      null,
      true,
    ]);
    expect((await ask("/dashboard/assets/main-OLDHASH1.js")).status).toBe(404);
  });
});

/** A refusal as the service sends it. */
function refusal(status: number, code: string) {
  const title = code.toLowerCase().replaceAll("_", " ");
  const told = { detail: "Mooring's records cannot be read.", fix: "Ask again.", traceId: "0" };
  const body = JSON.stringify({ type: `urn:mooring:error:${code}`, title, status, code, ...told });
  return { status, contentType: "application/problem+json", body };
}

describe.runIf(executable !== undefined)("in Chromium", { timeout: 60_000 }, () => {
  let browser: Browser;
  let context: BrowserContext;
  /** The operator's page. */
  let page: Page;
  let pages: Pages;

  beforeAll(async () => {
    browser = await startBrowser(executable ?? "");
    pages = openPages(browser);
    context = await pages.newContext();
    page = await pages.newPage(context);
  });
  afterAll(() => browser?.close());
  afterEach(() => {
    expect(pages.complaints.splice(0)).toEqual([]);
  });

  const open = (path: string, on = page) => on.goto(`${sandbox.url}/dashboard${path}`);
  const heading = (text: string | RegExp, on = page) => on.getByRole("heading", { level: 1, name: text }).waitFor();
  const button = (name: string | RegExp, on = page) => on.getByRole("button", { name });
  const dialog = (on = page) => on.getByRole("dialog");
  /** Of the operation, not of one of its steps. */
  const operationStatus = (status: string, on = page) => on.locator(".summary").getByText(status, { exact: true });

  /** Checks one state of a page. */
  async function look(name: string, on = page): Promise<void> {
    await expectAccessible(on, name);
    await expectToFit(on, name);
    await takeScreenshots(on, name);
  }

  async function signInWithKey(on: Page, key: string): Promise<void> {
    await on.getByLabel(/^Catalog key/).fill(key);
    await button("Sign in with key", on).click();
  }

  it("asks for a key when callers are distinguished, and says when it is wrong", async () => {
    await open("/operations?status=Failed");
    await signInWithKey(page, "wrong");
    await page.getByRole("alert").getByText("This key is not in the catalog.").waitFor();
    await look("sign-in");

    await signInWithKey(page, sandbox.key ?? "");

    await heading("Operations");
    // Still the page that was wanted, and the filter is told.
    await page.getByText("No operations match these filters.").waitFor();
    await button("Remove the filter Status: Failed").click();
    expect(page.url()).toBe(`${sandbox.url}/dashboard/operations`);
    await page.getByText("No operations yet.").waitFor();
    await look("operations-empty");
    for (const [path, told] of [
      ["batches", "No batches yet."],
      ["batches?status=Failed", "No batches match these filters."],
      ["audit", "No audit entries yet."],
      ["audit?cluster=none", "No audit entries match these filters."],
    ]) {
      await open(`/${path}`);
      await page.getByText(told ?? "").waitFor();
      expect(await page.getByText("shown, newest first").count(), path).toBe(0);
    }
    await open("/operations");
    await page.getByText("No operations yet.").waitFor();
  });

  it("onboards with a form that plans as it is filled in, and shows the operation live", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await heading("New request");
    await look("new-request-empty");
    await page.getByRole("textbox", { name: /^Namespace/ }).fill("Not A Name");
    await page
      .getByRole("group", { name: `${sqlServer}/messages` })
      .getByLabel("reader")
      .check();
    await page.getByText("must be a DNS-1123 label", { exact: false }).first().waitFor();
    await look("new-request-refused");
    await page.getByRole("textbox", { name: /^Namespace/ }).fill("formed");
    await page.getByText("steps", { exact: false }).first().waitFor();
    await page.getByText("mooring", { exact: true }).click();
    await page.getByText(`mooring onboard ${cluster}/formed`, { exact: false }).waitFor();
    await look("new-request-planned");
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "delay", ms: 700 } });

    await button("Onboard").click();

    await heading(`Onboard ${cluster}/formed`);
    await operationStatus("Running").waitFor();
    // Nobody has loaded the page anew.
    await page.getByText("Add this to your Deployment:").waitFor();
    await button("Copy the manifest").click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toContain("namespace: formed");
    await page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))");
    await page.getByRole("button", { name: /the manifest$/ }).click();
    await page.getByText("Not copied", { exact: true }).waitFor();
    await page.locator("summary", { hasText: "Grant database" }).click();
    await page.locator(".step-body .differences ins").first().waitFor();
    await look("operation-succeeded");
  });

  it("shows what failed, why, what to do about it, and what was undone", async () => {
    const effect = { kind: "error", code: 15247 } as const;
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: Number.POSITIVE_INFINITY, effect });
    await open("/operations");
    await heading("Operations");
    // A new operation appears by itself.
    await service.waitFor(await service.onboard(request("failing")));
    const row = page.getByRole("listitem").filter({ hasText: `${cluster}/failing` });
    await row.getByText("Failed", { exact: true }).waitFor();
    const error = (await service.call("GET", "/api/operations?status=Failed")).body["value"] as [
      { error: { code: string } },
    ];
    await row.getByText(error[0].error.code).waitFor();

    await button("Failed").click();

    await expect.poll(() => page.getByRole("listitem").filter({ hasText: cluster }).count()).toBe(1);
    await look("operations-failed");
    await page.locator("[data-row]").first().press("Enter");
    await heading(`Onboard ${cluster}/failing`);
    await page.getByText("undo", { exact: true }).first().waitFor();
    await look("operation-failed");
    // A step has an address of its own.
    await button("Copy the link to this step").first().click();
    await page.goto(String(await page.evaluate("navigator.clipboard.readText()")));
    await page.locator(".step.linked details[open]").getByText("SQL_FORBIDDEN").first().waitFor();
  });

  it("lets a second person sign in with Entra and approve, and shows it to the first", async () => {
    const id = await service.onboard(request("red-orders", { databases: [database("orders", "reader")] }));
    await open(`/operations/${id}`);
    await page.getByText("Another person must approve this.").waitFor();
    await look("operation-waiting");
    const other = await pages.newPage(await pages.newContext());
    await open("/approvals", other);
    await button("Sign in with Microsoft Entra", other).click();
    await other.getByRole("link", { name: "approver" }).click();
    await heading("Approvals", other);
    const card = other.getByRole("listitem").filter({ hasText: "red-orders" });
    await card.getByText(`Database ${sqlServer}/orders needs approval.`).waitFor();
    await look("approvals", other);
    const badge = other.locator(".menu .badge");
    await badge.waitFor({ state: "attached" });
    const headerHeight = await heightOnPhone(other.locator(".top"));

    await button("Approve …", other).click();
    await dialog(other)
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    await look("approve", other);
    await dialog(other)
      .getByLabel(/^Comment/)
      .fill("as agreed");
    await button("Approve", other).and(other.locator("[type=submit]")).click();

    await other.getByText("Nothing is waiting for you.").waitFor();
    await badge.waitFor({ state: "detached" });
    expect(await heightOnPhone(other.locator(".top")), "what waits does not move the page").toBe(headerHeight);
    await look("approvals-empty", other);
    await page.getByText("Approved by", { exact: false }).waitFor();
    await operationStatus("Succeeded").waitFor();
    await page.getByText("The plan that was approved", { exact: false }).click();
    await page.locator(".plan-steps ins").getByText("granted").waitFor();
    await page.getByText("This is what the operation found when it asked for approval.", { exact: false }).waitFor();
    const rejected = await service.onboard(request("red-rejected", { databases: [database("orders", "reader")] }));
    await open(`/operations/${rejected}`, other);
    // The waiting operation's page also shows its plan.
    await other.getByText(/^\d+ steps? of \d+ would change something/).waitFor();
    await look("operation-to-approve", other);
    await button("Reject …", other).click();
    await dialog(other).getByText("The operation has written nothing, and ends.").waitFor();
    await dialog(other)
      .getByLabel(/^Comment/)
      .fill("not this quarter");
    await button("Reject", other).and(other.locator("[type=submit]")).click();
    await other.getByText("Rejected by", { exact: false }).first().waitFor();
    await other.getByText("not this quarter", { exact: false }).first().waitFor();
    expect((await service.waitFor(rejected)).error?.code).toBe("REJECTED");
    // The page says what the person may not do, and the browser stores only preferences.
    await open("/new", other);
    await other.getByText("You may not send requests.").waitFor();
    await look("new-request-forbidden", other);
    expect(await other.evaluate("Object.keys(localStorage)")).toEqual(["mooring.preferences"]);
    expect(await other.evaluate("JSON.stringify(sessionStorage)")).not.toContain("eyJ");
    await other.context().close();
  });

  it("says when a person may not approve, and offers what their team may have", async () => {
    const rita = await pages.newPage(await pages.newContext());
    await open("/approvals", rita);
    await button("Sign in with Microsoft Entra", rita).click();
    await rita.getByRole("link", { name: "requester" }).click();

    await rita.getByText("You may not see the approvals.").waitFor();
    await look("approvals-forbidden", rita);
    // A reload asks Entra again, because the token was not stored.
    await rita.reload();
    await rita.getByText("You may not see the approvals.").waitFor();
    await open("/new", rita);
    await rita.getByText("Your teams may use: red-*, shared-*").waitFor();
    await rita.context().close();
  });

  it("accepts a pasted access token, and does not store it", async () => {
    const person = await pages.newPage(await pages.newContext());
    await open("/new", person);
    await signInWithKey(person, "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJub2JvZHkifQ.c2lnbmVk");
    await person.getByRole("alert").getByText("The service does not accept this token.").waitFor();
    await signInWithKey(person, await tokenOf(sandbox, { team: "red", role: "request" }));
    await person.getByText("Your teams may use: red-*, shared-*").waitFor();
    expect(await person.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")).not.toContain("eyJ");
    await person.reload();
    await person.getByLabel(/^Catalog key/).waitFor();
    await person.context().close();
  });

  it("renews its token before it expires, and asks to sign in when Entra gives no new one", async () => {
    const person = await pages.newPage(await pages.newContext());
    await open("/catalog", person);
    await button("Sign in with Microsoft Entra", person).click();
    await person.getByRole("link", { name: "requester" }).click();
    await heading("Catalog", person);
    const passAnHour = () => person.evaluate("(() => { const now = Date.now; Date.now = () => now() + 3_600_000; })()");
    const isRefresh = (each: { postData(): string | null }) => /grant_type=refresh_token/.test(each.postData() ?? "");
    const authorization = async (path: string) =>
      (await person.waitForRequest((each) => new URL(each.url()).pathname === path)).headers()["authorization"];
    const before = authorization("/api/operations");
    await person.getByRole("link", { name: "Operations" }).click();
    const first = await before;

    const refreshed = person.waitForRequest(isRefresh);
    await passAnHour();
    const after = authorization("/api/namespaces");
    await person.getByRole("link", { name: "Namespaces" }).click();

    await refreshed;
    expect(await after).toMatch(/^Bearer eyJ/);
    expect(await after).not.toBe(first);
    await heading("Namespaces", person);
    // Entra stops renewing after a day; this simulates it, since the sandbox's day is not over.
    await person.route("**/oauth2/v2.0/token", (route) =>
      route.fulfill({
        status: 400,
        headers: { "access-control-allow-origin": "*" },
        contentType: "application/json",
        body: JSON.stringify({
          error: "invalid_grant",
          error_description: "AADSTS700084: the refresh token has ended.",
        }),
      }),
    );
    await passAnHour();
    await person.getByRole("link", { name: "Catalog" }).click();
    await person.getByText("Your sign-in has expired.").waitFor();
    await person.context().close();
  });

  it("cancels after showing what that would do", async () => {
    const id = await service.onboard(request("canceled", { databases: [database("orders", "reader")] }));
    await expect.poll(async () => (await service.operation(id)).phase).toBe("awaitingApproval");
    await open(`/operations/${id}`);
    const sent = page.waitForRequest((each) => each.url().endsWith("/cancel") && each.method() === "POST");

    await button("Cancel …").click();
    await dialog().getByText("It waits for approval, and has written nothing.").waitFor();
    await look("cancel");
    await dialog()
      .getByLabel(/^Comment/)
      .fill("not needed");
    await button("Cancel the operation").click();

    await operationStatus("Canceled").waitFor();
    await page.getByText("not needed", { exact: false }).first().waitFor();
    expect((await sent).headers()["idempotency-key"]).toMatch(/^[\da-f-]{36}$/);
  });

  it("reruns failed undos once their obstacle is gone", async () => {
    const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
    for (const operation of [/^PUT .*federatedIdentityCredentials$/, /^DELETE .*userAssignedIdentities$/]) {
      sandbox.cloud.faults.add({ wire: "arm", operation, times: Number.POSITIVE_INFINITY, effect });
    }
    const id = await service.onboard(request("left"));
    await open(`/operations/${id}`);
    await page.getByText("Left undone:").waitFor();
    await page.getByText("Compensate on the operation's page", { exact: false }).first().waitFor();
    await look("operation-left-undone");
    sandbox.cloud.faults.clear();

    await button("Compensate …").click();
    await dialog().getByText("1 step of 1 would change something.").waitFor();
    await button("Compensate").and(page.locator("[type=submit]")).click();

    await heading(`Compensate ${cluster}/left`);
    await operationStatus("Succeeded").waitFor();
    await page.getByRole("link", { name: "the operation whose undos it runs again" }).click();
    await heading(`Onboard ${cluster}/left`);
  });

  it("shows a running batch's progress, its remaining time, and what has failed so far", async () => {
    const { faults } = sandbox.cloud;
    faults.add({
      wire: "sql",
      operation: "CREATE USER",
      times: Number.POSITIVE_INFINITY,
      effect: { kind: "delay", ms: 400 },
    });
    // More than are processed at the same time.
    const waves = 48;
    const requests = Array.from({ length: waves }, (_, index) => request(`wave-${String(index).padStart(2, "0")}`));
    const held = await service.onboard(request("wave-03", { databases: [database("orders", "reader")] }));
    const { body } = await service.call("POST", "/api/onboardings/batch", { requests });
    await open(`/operations/${String(body["id"])}`);
    const progress = page.getByRole("progressbar");
    const ended = async () => Number(await progress.getAttribute("aria-valuenow"));
    await expect.poll(ended, { timeout: 15_000 }).toBeGreaterThan(0);
    await button("Failed only").click();
    // Further failures appear by themselves.
    await page.getByText("OPERATION_IN_PROGRESS").waitFor();
    await page.getByText(/^About .* to go: \d+ namespaces? have not begun\.$/).waitFor();
    await look("batch-running");
    expect(await ended()).toBeLessThan(waves);

    await expect.poll(ended, { timeout: 30_000 }).toBe(waves);

    await page.locator(".summary").getByText("Failed", { exact: true }).waitFor();
    expect(await page.locator("[data-row]").allTextContents()).toEqual([`${cluster}/wave-03`]);
    await service.call("POST", `/api/operations/${held}/cancel`);
  });

  it("shows a batch's progress, and only its failed namespaces", async () => {
    const held = await service.onboard(request("held", { databases: [database("orders", "reader")] }));
    const requests = ["one", "two", "held", "three"].map((name) => request(name));
    const { body } = await service.call("POST", "/api/onboardings/batch", { requests });
    await open("/batches");
    await page.getByRole("link", { name: "Batch: onboard 4 namespaces" }).click();
    await heading("Batch: onboard 4 namespaces");
    await page.getByText("BATCH_INCOMPLETE").waitFor();
    await expect.poll(() => page.locator("nav [aria-current=page]").allInnerTexts()).toEqual(["Batches"]);
    await look("batch");

    await button("Failed only").click();

    await page
      .getByRole("listitem")
      .filter({ hasText: `${cluster}/held` })
      .getByText("OPERATION_IN_PROGRESS")
      .waitFor();
    await expect.poll(() => page.locator("[data-row]").count()).toBe(1);
    expect(new URL(page.url()).searchParams.get("status")).toBe("Failed");
    expect(page.url()).toContain(String(body["id"]));
    await page.getByRole("link", { name: "Operations", exact: true }).click();
    await heading("Operations");
    await expect.poll(() => page.locator("nav [aria-current=page]").allInnerTexts()).toEqual(["Operations"]);
    await service.call("POST", `/api/operations/${held}/cancel`);
  });

  it("finds drift, shows it next to the request, and repairs it", async () => {
    const berth = { cluster, namespace: "formed" };
    await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${identityName(berth)}]`);
    await open(`/namespaces/${cluster}/formed`);
    await page.getByText("Everything is as requested.").waitFor();
    await look("namespace");

    await button("Verify now").click();
    await page.getByText("USER_MISSING").waitFor();
    await button("Compare now").click();
    await page.getByText("1 step of", { exact: false }).first().waitFor();
    await look("namespace-drift");
    const sent = page.waitForRequest((each) => each.url().endsWith("/repair") && each.method() === "POST");
    await button("Repair …").click();
    await button("Repair").and(page.locator("[type=submit]")).click();

    await heading(`Repair ${cluster}/formed`);
    await operationStatus("Succeeded").waitFor();
    expect((await sent).headers()["if-match"]).toMatch(/^".+"$/);
    await page
      .getByRole("link", { name: `${cluster}/formed` })
      .first()
      .click();
    await page.getByText("Everything is as requested.").waitFor();
  });

  it("exports what a namespace has, in each form", async () => {
    await open(`/namespaces/${cluster}/formed`);
    const form = page.getByLabel("Everything that the namespace has", { exact: false });
    for (const [format, part] of [
      ["manifest", "azure.workload.identity/use"],
      ["kubernetes", "kind: ServiceAccount"],
      ["tsql", "CREATE USER"],
      ["azurecli", "az identity create"],
    ] as const) {
      await form.selectOption(format);
      await page.getByRole("region", { name: "the export" }).getByText(part, { exact: false }).waitFor();
    }
    await look("namespace-export");
    // The change form contains the request and nothing else of the namespace.
    await page.getByRole("link", { name: "Change", exact: true }).click();
    await heading("New request");
    expect([...new URL(page.url()).searchParams.keys()].sort()).toEqual(
      ["adoptionPolicy", "cluster", "databases", "deletePolicy", "identityMode", "namespace", "serviceAccount"].sort(),
    );
  });

  it("removes access only when the person has ticked what goes", async () => {
    const databases = [{ server: sqlServer, database: "messages", roles: ["reader", "executor"] }];
    await service.waitFor(await service.onboard(request("lessened", { databases })));
    await open(`/namespaces/${cluster}/lessened`);
    await page.getByRole("link", { name: "Change", exact: true }).click();
    await heading("New request");
    const messages = page.locator("fieldset.target").filter({ hasText: `${sqlServer}/messages` });
    await messages.getByLabel("executor", { exact: true }).uncheck();
    await page.getByText("Would remove access:").waitFor();
    await page.getByText(`executor on database ${sqlServer}/messages`).waitFor();
    await look("request-removes");
    expect(await button("Onboard").isDisabled()).toBe(true);

    await page.getByLabel("Remove this access").check();
    const sent = page.waitForRequest((each) => each.method() === "POST" && !each.url().includes("dryRun"));
    await button("Onboard").click();

    expect(new URL((await sent).url()).search).toBe("?confirmRemoval=true");
    await heading(`Change ${cluster}/lessened`);
  });

  it("sends what it does not know unchanged", async () => {
    const more = encodeURIComponent(JSON.stringify({ owner: "ann" }));
    await open(`/new?cluster=${cluster}&namespace=unknown&databases=${sqlServer}/messages=reader&more=${more}`);
    const planned = page.waitForRequest((each) => each.url().endsWith("dryRun=true"));
    await page.getByText("Also in the request, unchanged").waitFor();

    expect((await planned).postDataJSON()).toMatchObject({ namespace: "unknown", owner: "ann" });
  });

  it("offboards, and ignores dependants only if asked to", async () => {
    await service.waitFor(await service.onboard(request("leaving")));
    await open(`/namespaces/${cluster}/leaving`);
    await button("Offboard …").click();
    await dialog()
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    await look("offboard");
    const planned = page.waitForRequest((each) => each.url().endsWith("?ignoreDependants=true&dryRun=true"));
    await dialog()
      .getByLabel(/^Ignore dependants/)
      .check();
    await planned;
    await dialog()
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    const sent = page.waitForRequest((each) => each.method() === "DELETE" && !each.url().includes("dryRun"));
    await button("Offboard").and(page.locator("[type=submit]")).click();

    expect(new URL((await sent).url()).search).toBe("?ignoreDependants=true");
    await heading(`Offboard ${cluster}/leaving`);
    // The page says when its namespace has been removed in the meantime.
    await page
      .getByRole("link", { name: `${cluster}/leaving` })
      .first()
      .click();
    await page.getByText("This does not exist, or you may not see it.").waitFor();
  });

  it("renews access that ends, of everything or of one target, with the plan of the change", async () => {
    await service.waitFor(await service.onboard(request("renewed", { expiresAt: "2080-01-01T00:00:00Z" })));
    await open(`/namespaces/${cluster}/renewed`);
    await page.getByText(/all access ends and the namespace is offboarded/).waitFor();
    await page.getByLabel("until or for").fill("soon");
    await button("Renew …").click();
    await dialog().getByText("INVALID_REQUEST").waitFor();
    await button("Close").click();
    await page.getByLabel("until or for").fill("2090-01-31T00:00:00Z");
    await button("Renew …").click();
    await dialog()
      .getByText(/Access ends: 2090-01-31/)
      .waitFor();
    await look("renew");
    const sent = page.waitForRequest((each) => each.method() === "POST" && !each.url().includes("dryRun"));
    await button("Renew").and(page.locator("[type=submit]")).and(dialog().locator("button")).click();

    expect((await sent).postDataJSON()).toMatchObject({ namespace: "renewed", expiresAt: "2090-01-31T00:00:00Z" });
    await heading(`Change ${cluster}/renewed`);
  });

  it("migrates, stops after a phase, and continues from there", async () => {
    await service.waitFor(await service.onboard(request("moving", { identityMode: "podIdentity" })));
    const { body } = await service.call("POST", `/api/namespaces/${cluster}/moving/migrate`, { until: "verify" });
    await service.waitFor(String(body["id"]));
    await open(`/namespaces/${cluster}/moving`);
    await page.locator(".stepper [aria-current=step]").getByText("Cut over").waitFor();
    await look("namespace-migration");

    await button("Continue …").click();
    await dialog()
      .getByText(/would change something|find nothing to do/)
      .waitFor();
    const sent = page.waitForRequest((each) => each.url().endsWith("/migrate") && each.method() === "POST");
    await button("Continue").and(page.locator("[type=submit]")).click();

    expect((await sent).headers()["if-match"]).toMatch(/^".+"$/);
    await heading(`Migrate ${cluster}/moving`);
    await operationStatus("Succeeded").waitFor({ timeout: 30_000 });
    await page
      .getByRole("link", { name: `${cluster}/moving` })
      .first()
      .click();
    await page.getByText("Workload identity", { exact: true }).waitFor();
  });

  it("searches the audit trail and verifies its chain", async () => {
    await open("/audit?namespace=formed");
    await page.getByText(/^\d+ entries shown/).waitFor();
    // The trail says what happened, not what is.
    await page.locator(".audit .status").getByText("Accepted", { exact: true }).first().waitFor();
    expect(await page.locator(".audit .status").getByText("Running", { exact: true }).count()).toBe(0);
    await page.locator("summary[data-row]", { hasText: "Grant database" }).first().click();
    await page
      .getByRole("link", { name: `${cluster}/formed` })
      .first()
      .waitFor();
    await button("Verify the chain").click();
    await page.getByText("The chain is intact", { exact: false }).waitFor();
    await look("audit");
  });

  it("shows the catalog and who may have it", async () => {
    await open("/catalog");
    await page.getByText("team red: reader, writer, executor").first().waitFor();
    await look("catalog");
    await page.getByRole("link", { name: "Who has access" }).first().click();
    await heading("Access");
    await page.getByRole("link", { name: `${cluster}/formed` }).waitFor();
    expect(await page.locator("[data-row] .target").allInnerTexts()).toContain(`${sqlServer}/messages`);
    await look("access");
    await open("/access?target=nothing");
    await page.getByText("Nobody reaches that.").waitFor();
    await button("Read nothing now").click();
    await page.getByText("Could not load who else reaches nothing.").waitFor();
    await sandbox.cloud.sql
      .database("messages")
      .runScript("CREATE USER ann WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER ann");
    await open(`/access?target=${sqlServer}/messages`);
    await button(`Read ${sqlServer}/messages now`).click();
    await page.getByText("ann", { exact: true }).waitFor();
    await page.getByText("db_datareader", { exact: true }).waitFor();
    await look("access-others");
    sandbox.cloud.faults.add({ wire: "sql", effect: { kind: "error", code: 40613 } });
    await button(`Read ${sqlServer}/messages now`).click();
    await page.getByText(`${sqlServer}/messages cannot be read`).waitFor();
    sandbox.cloud.faults.clear();
    await sandbox.cloud.sql.database("messages").runScript("DROP USER ann");
    await open("/nowhere");
    await page.getByText("This page does not exist.").waitFor();
    await look("no-such-page");
  });

  it("can be used by keyboard alone", async () => {
    await open("/operations");
    await page.locator("[data-row]").nth(2).waitFor();
    await takeScreenshots(page, "operations");
    const focused = () => page.evaluate('[...document.querySelectorAll("[data-row]")].indexOf(document.activeElement)');
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    expect(await focused()).toBe(1);
    await page.keyboard.press("?");
    await dialog().getByText("next or previous row").waitFor();
    await look("keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("failing");
    await page.keyboard.press("Enter");
    await page.getByText("1 operation shown", { exact: false }).waitFor();
    // The first tab stop skips what is on every page.
    await open("/catalog");
    await heading("Catalog");
    expect(await page.locator("a, button, input, select, summary").first().textContent()).toBe("Skip to content");
  });

  it("opens one stream, and none while the tab is hidden", async () => {
    await open("/operations");
    await page.locator("[data-stream=live]").waitFor();
    const streams: string[] = [];
    page.on("request", (each) => /\/events$/.test(new URL(each.url()).pathname) && streams.push(each.url()));
    await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"))`);
    await page.locator("[data-stream=paused]").waitFor();
    await service.waitFor(await service.onboard(request("unseen")));
    expect([streams, await page.getByText(`${cluster}/unseen`).count()]).toEqual([[], 0]);

    await page.evaluate('delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))');

    await page.getByText(`${cluster}/unseen`).waitFor();
    expect(streams).toEqual([`${sandbox.url}/api/events`]);
  });

  it("shows in one tab what is done in another, each with its own stream", async () => {
    const other = await pages.newPage(context);
    const streams: string[] = [];
    other.on("request", (each) => /\/events$/.test(new URL(each.url()).pathname) && streams.push(each.url()));
    await open("/operations?phase=awaitingApproval", other);
    await signInWithKey(other, sandbox.key ?? "");
    await other.locator("[data-stream=live]").waitFor();
    const id = await service.onboard(request("twice", { databases: [database("orders", "reader")] }));
    const row = other.getByRole("listitem").filter({ hasText: `${cluster}/twice` });
    await row.getByText("Waiting for approval", { exact: true }).waitFor();
    await open(`/operations/${id}`);
    await page.locator("[data-stream=live]").waitFor();
    await row.getByRole("link").click();
    await button("Cancel …", other).click();
    await dialog(other).getByText("It waits for approval, and has written nothing.").waitFor();

    await button("Cancel …").click();
    await dialog().getByText("It waits for approval, and has written nothing.").waitFor();
    await button("Cancel the operation").click();
    await operationStatus("Canceled").waitFor();

    // The other tab has noticed it behind its open dialog.
    await operationStatus("Canceled", other).waitFor();
    await button("Close", other).click();
    await expect.poll(() => button("Cancel …", other).count()).toBe(0);
    await other.locator(".account summary").click();
    await other.getByLabel("Colours").selectOption("dark");
    await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    await other.getByLabel("Colours").selectOption("system");
    expect(streams).toEqual([`${sandbox.url}/api/events`, `${sandbox.url}/api/operations/${id}/events`]);
    await other.close();
  });

  it("moves nothing that is being read, and announces new entries", async () => {
    await open("/operations");
    const first = page.locator("[data-row]").first();
    await first.focus();
    const before = await first.textContent();

    await service.waitFor(await service.onboard(request("news")));

    await button("Show 1 new operation").waitFor();
    expect(await first.textContent()).toBe(before);
    await button("Show 1 new operation").click();
    await expect.poll(() => first.textContent()).toContain("news");
  });

  it("has room for the number of waiting requests before it is known", async () => {
    const unanswered = Promise.withResolvers<void>();
    await page.route("**/api/approvals?**", async (route) => {
      await unanswered.promise;
      await route.continue();
    });
    await open("/operations");
    const chip = page.getByRole("link", { name: "Waiting for you" });
    await chip.waitFor();
    expect(await chip.textContent()).toBe("Waiting for you");
    const list = page.locator("[data-row]").first();
    await list.waitFor();
    const before = await list.boundingBox();

    unanswered.resolve();

    await page.getByRole("link", { name: /^Waiting for you: \d/ }).waitFor();
    expect(await list.boundingBox()).toEqual(before);
    await page.unroute("**/api/approvals?**");
  });

  it("moves no row when another one fails", async () => {
    const id = await service.onboard(request("red-still", { databases: [database("orders", "reader")] }));
    await open("/operations");
    const row = page.getByRole("listitem").filter({ hasText: "red-still" });
    await row.getByText("Waiting for approval", { exact: true }).waitFor();
    const below = page.locator("[data-row]").nth(1);
    const before = await below.boundingBox();

    await service.call("POST", `/api/operations/${id}/cancel`, { comment: "no longer wanted ".repeat(20) });

    await row.getByText("Canceled", { exact: true }).waitFor();
    expect(await row.locator(".row-cause").count()).toBe(1);
    expect(await below.boundingBox()).toEqual(before);
    const heights = await page.locator(".steady .row").evaluateAll((rows) => rows.map((each) => each.clientHeight));
    expect(new Set(heights).size, "rows with and without a cause are equally high").toBe(1);
  });

  it("shows what is on its way, and what could not be had", async () => {
    const slow = await pages.newPage(context);
    await slow.route("**/api/catalog", () => undefined);
    await open("/catalog", slow);
    await signInWithKey(slow, sandbox.key ?? "");
    await slow.getByText("Loading the catalog …").waitFor();
    await look("loading", slow);
    await slow.unroute("**/api/catalog");
    await slow.route("**/api/catalog", (route) => route.fulfill(refusal(503, "REGISTRY_UNAVAILABLE")));
    await slow.goto(`${sandbox.url}/dashboard/audit`);
    await slow.getByRole("link", { name: "Catalog" }).click();
    await slow.getByText("Could not load the catalog.").waitFor();
    await look("error", slow);
    await slow.unroute("**/api/catalog");
    await button("Try again", slow).click();
    await slow.getByRole("heading", { name: "Clusters" }).waitFor();
    await slow.close();
  });

  it("shows that the service does not answer, keeps its data, and recovers when it is back", async () => {
    await open("/operations");
    await page.locator("[data-stream=live]").waitFor();
    await page.locator("[data-row]").first().waitFor();
    const rows = await page.locator("[data-row]").count();

    await sandbox.killHost();

    await page.locator(".contact").getByText("The service is not responding").waitFor();
    expect(await page.locator("[data-row]").count()).toBe(rows);
    await page.getByRole("link", { name: "Catalog" }).click();
    await page.getByText("The service is not responding.").first().waitFor();
    await look("away");
    await page.getByRole("link", { name: "Operations" }).first().click();
    await page.locator("[data-stream=away]").waitFor();
    await sandbox.restartHost();
    await page.locator("[data-stream=live]").waitFor({ timeout: 30_000 });
    await expect.poll(() => page.locator(".contact").count()).toBe(0);
    await service.waitFor(await service.onboard(request("after")));
    await page.getByText(`${cluster}/after`).first().waitFor();
  });

  it("keeps its data with its age when a refresh fails, and does not move what is being read", async () => {
    await open("/operations");
    const third = page.locator("[data-row]").nth(2);
    await third.focus();
    const before = await third.textContent();
    await context.setOffline(true);
    await page.locator(".contact").getByText("You are offline").waitFor();
    await look("offline");
    await page.route("**/api/operations?*", (route) => route.fulfill(refusal(503, "REGISTRY_UNAVAILABLE")));
    await third.focus();

    await context.setOffline(false);

    await page.locator(".notice.stale").getByText("Showing the operations as of", { exact: false }).waitFor();
    await look("stale");
    expect(await page.evaluate("document.activeElement?.textContent")).toBe(before);
    await page.unroute("**/api/operations?*");
    await service.waitFor(await service.onboard(request("unheard")));
    await third.focus();
    await button("Try again").click();
    await expect.poll(() => page.locator(".notice.stale").count()).toBe(0);
  });

  it("passes axe on every page that is loading, refused, forbidden or without its service", async () => {
    const every = [
      "operations",
      "operations/x",
      "approvals",
      "namespaces",
      `namespaces/${cluster}/formed`,
      "new",
      "batches",
      "access",
      "audit",
      "catalog",
    ];
    const states: Readonly<Record<string, (route: Route) => Promise<void> | void>> = {
      loading: () => undefined,
      error: (route) => route.fulfill(refusal(503, "REGISTRY_UNAVAILABLE")),
      forbidden: (route) => route.fulfill(refusal(403, "FORBIDDEN")),
      away: (route) => route.abort(),
    };
    const own = await pages.newPage(context);
    await open("/catalog", own);
    await signInWithKey(own, sandbox.key ?? "");
    await own.getByRole("heading", { name: "Clusters" }).waitFor();
    const seen: string[] = [];
    const pairs = Object.keys(states).flatMap((state) => every.map((path) => [state, path] as const));
    const wanted = pairs.filter((_, index) => !isShort || index % 5 === 0);
    for (const [state, path] of wanted) {
      // A new document: what another page has loaded stays in the memory of the old one.
      await open("/nowhere", own);
      await own.getByText("This page does not exist.").waitFor();
      await own.route("**/api/**", (route) => states[state]?.(route));
      await own.evaluate(
        `history.pushState(null, "", "/dashboard/${path}"); dispatchEvent(new PopStateEvent("popstate"))`,
      );
      await own
        .locator(state === "loading" ? "main .loading" : `main .failure.${state === "away" ? "offline" : state}`)
        .first()
        .waitFor()
        .catch((cause: unknown) => {
          throw new Error(`${path} does not show that it is ${state}`, { cause });
        });
      await expectAccessible(own, `${path}, ${state}`);
      seen.push(path);
      await own.unroute("**/api/**");
    }
    expect(seen.length).toBeGreaterThan(5);
    await own.close();
  });

  it("acts on all that pass the filters as previewed, and shows each outcome", async () => {
    await open("/namespaces?q=formed");
    await page.getByText(/^1 of \d+ namespaces$/).waitFor();
    await button("Verify …").click();
    await dialog().getByText("1 namespace: 1 would run", { exact: false }).waitFor();
    await look("bulk");
    const sent = page.waitForRequest((each) => each.url().endsWith("/api/namespaces/batch"));

    await button("Verify them").click();

    await heading("Batch: verify 1 namespace");
    await operationStatus("Succeeded").waitFor();
    expect((await sent).postDataJSON()).toEqual({ action: "verify", namespaces: [{ cluster, namespace: "formed" }] });
  });

  const outdated = () => page.getByText("This has changed since you looked; nothing was done.");
  const submit = (name: string) => button(name).and(page.locator("[type=submit]"));

  it("decides only about the version that was seen: reports a change, shows the current version, and continues", async () => {
    const wanted = request("seen-decided", { databases: [database("orders", "reader")] });
    sandbox.cloud.serviceBus.queue(names.queue).send({ body: wanted });
    await open("/operations?namespace=seen-decided");
    await page
      .getByRole("listitem")
      .filter({ hasText: "seen-decided" })
      .getByText("Waiting", { exact: false })
      .waitFor();
    await page.locator("[data-row]").first().click();
    await button("Reject …").click();
    await dialog().getByText("The operation has written nothing, and ends.").waitFor();
    const [id = ""] = /[\w-]+$/.exec(new URL(page.url()).pathname) ?? [];
    const { approval } = (await service.operation(id)) as object as { approval: { requestHash: string } };
    const second = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
    await second.call("POST", `/api/operations/${id}/approve`, { requestHash: approval.requestHash });

    await submit("Reject").click();

    await outdated().waitFor();
    await dialog().getByText("waits for approval and has 1 of 2", { exact: false }).waitFor();
    expect(await submit("Reject").isDisabled()).toBe(true);
    await look("outdated");
    await button("Show the current state").click();
    await page.getByText("1 of 2: key:approver").waitFor();
    await button("Reject …").click();
    await submit("Reject").click();
    await page.getByText("Rejected by", { exact: false }).first().waitFor();
  });

  it("requests only what was planned, for one namespace or for many", async () => {
    const address = `/new?cluster=${cluster}&namespace=seen-planned&databases=${encodeURIComponent(`${sqlServer}/messages=reader`)}`;
    await open(`${address}&serviceAccount=other`);
    await button("Onboard").waitFor();
    await service.waitFor(await service.onboard(request("seen-planned")));

    await button("Onboard").click();

    await outdated().waitFor();
    await look("new-request-outdated");
    await button("Show the current state").click();
    await button("Onboard").waitFor();
    // Another service account takes the present one away.
    await page.getByLabel("Remove this access").check();
    await button("Onboard").click();
    await heading(`Change ${cluster}/seen-planned`);
    await operationStatus("Succeeded").waitFor();

    await open("/namespaces?q=seen-planned");
    await button("Verify …").click();
    await dialog().getByText("1 would run", { exact: false }).waitFor();
    await service.waitFor(await service.onboard(request("seen-planned")));
    await button("Verify them").click();
    await outdated().waitFor();
    await button("Show the current state").click();
    await dialog().getByText("1 would run", { exact: false }).waitFor();
    await button("Verify them").click();
    await heading("Batch: verify 1 namespace");
    await operationStatus("Succeeded").waitFor();
  });

  it("verifies and offboards only the version that was seen", async () => {
    const path = `/api/namespaces/${cluster}/seen-planned`;
    // As on a page that gets no more updates.
    await page.route(`**${path}`, async (route) => {
      if (route.request().method() !== "GET") return await route.continue();
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), etag: '"before"' } });
    });
    await open(`/namespaces/${cluster}/seen-planned`);
    await button("Verify now").click();
    await outdated().waitFor();
    await look("namespace-outdated");
    await button("Offboard …").click();
    await dialog().getByText("This has changed since you looked", { exact: false }).waitFor();
    expect(await submit("Offboard").isDisabled()).toBe(true);
    await page.unroute(`**${path}`);

    await button("Show the current state").last().click();

    await button("Verify now").click();
    await page.getByText("Everything is as requested.").waitFor();
    await button("Offboard …").click();
    await submit("Offboard").click();
    await heading(`Offboard ${cluster}/seen-planned`);
    await operationStatus("Succeeded").waitFor();
  });

  it("reruns failed undos with Compensate", async () => {
    const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
    const times = Number.POSITIVE_INFINITY;
    const { faults } = sandbox.cloud;
    faults.add({ wire: "arm", operation: /^PUT .*federatedIdentityCredentials$/, times, effect });
    faults.add({ wire: "arm", operation: /^DELETE .*userAssignedIdentities$/, times, effect });
    const id = await service.onboard(request("undone"));
    await service.waitFor(id);
    faults.clear();
    await open(`/operations/${id}`);
    await page.getByText("Left undone:").waitFor();
    await look("operation-left-undone");

    await button("Compensate …").click();
    await dialog().getByText("would change something", { exact: false }).waitFor();
    await submit("Compensate").click();

    await heading(`Compensate ${cluster}/undone`);
    await operationStatus("Succeeded").waitFor();
  });

  it("links to the simulated cloud, where faults can be switched on and off and requests are listed", async () => {
    await open("/catalog");
    const opening = context.waitForEvent("page");
    await page.getByRole("link", { name: /^Cloud/ }).click();
    const cloud = await opening;
    await cloud.getByText("None: the cloud works normally.").waitFor();
    await cloud.getByLabel("Wire").first().selectOption("sql");
    await cloud.getByLabel("Operation").fill("CREATE USER");
    await cloud.getByLabel(/^Code/).fill("15247");
    await button("Switch on", cloud).click();
    await cloud.getByText("sql CREATE USER", { exact: true }).waitFor();

    await service.waitFor(await service.onboard(request("broken")));

    await cloud.getByText("hit by fault", { exact: false }).first().waitFor();
    await expectAccessible(cloud, "cloud");
    await expectToFit(cloud, "cloud");
    await takeScreenshots(cloud, "cloud");
    await button("Switch all off", cloud).click();
    await cloud.getByText("None: the cloud works normally.").waitFor();
    await button("Refresh", cloud).click();
    await cloud.getByText("clusters (1)").click();
    await cloud.close();
  });

  const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'{{7*7}}\u202e';

  /** Copies a row that the service has written, with different contents. */
  async function copyRow(table: string, find: string, changes: readonly Record<string, string>[]): Promise<void> {
    setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
    const client = new TableClient(sandbox.cloud.tablesEndpoint, table, sandbox.cloud.credentialOf("mooring"));
    const rows = client.listEntities({ queryOptions: { filter: find } });
    const { value } = await rows.next();
    const { etag: _etag, timestamp: _timestamp, ...row } = value ?? {};
    const actions = changes.map((each): TransactionAction => ["create", { ...row, ...each } as never]);
    for (let from = 0; from < actions.length; from += 100)
      await client.submitTransaction(actions.slice(from, from + 100));
  }

  it("shows hostile strings as plain text", async () => {
    const found = await service.call("GET", `/api/operations?namespace=failing&cluster=${cluster}`);
    const [{ id }] = found.body["value"] as [{ id: string }];
    const error = { code: hostile, message: hostile, fix: hostile, retryable: false };
    const evil = `0${id.slice(1)}`;
    await copyRow("MooringOperations", `RowKey eq '${id}'`, [
      { rowKey: evil, id: evil, requestedBy: hostile, error_json: JSON.stringify(error), namespace: hostile },
    ]);
    for (const path of [
      `/operations/${evil}`,
      `/operations?namespace=${encodeURIComponent(hostile)}`,
      `/audit?operation=${encodeURIComponent(hostile)}`,
      `/new?namespace=${encodeURIComponent(hostile)}&databases=${encodeURIComponent(`${hostile}/x=reader`)}`,
      `/namespaces/${encodeURIComponent(hostile)}/x`,
    ]) {
      await open(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByText("Loading", { exact: false }).first().waitFor({ state: "detached" });
      expect(await page.locator("img, main script, #app script").count(), path).toBe(0);
    }
    await open(`/operations/${evil}`);
    await page.getByText(hostile, { exact: false }).first().waitFor();
    await look("hostile");
  });

  it("filters, sorts and pages through 10,000 namespaces", async () => {
    const extra = Array.from({ length: 10_000 }, (_, index) => {
      const namespace = `many-${String(index).padStart(5, "0")}`;
      return { rowKey: namespace, namespace, requestedBy: index % 2 === 0 ? "key:even" : "key:odd" };
    });
    await copyRow("MooringNamespaces", "RowKey eq 'formed'", extra);
    await open("/namespaces");
    await page.getByText(/of 10,0\d\d$/).waitFor({ timeout: 40_000 });
    expect(await page.locator("[data-row]").count()).toBe(100);
    await look("namespaces");

    await page.keyboard.press("/");
    await page.keyboard.type("key:odd");
    await page.getByText(/^5,000 of 10,0\d\d namespaces$/).waitFor();
    await page.getByLabel("Sort by").selectOption("verified");
    await button("Next").click();

    await page.getByText("101–200 of 5,000").waitFor();
    const url = new URL(page.url());
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: "key:odd", sort: "verified", page: "2" });
    // The address restores the page.
    await page.getByRole("link", { name: "Catalog" }).click();
    await heading("Catalog");
    await page.goBack();
    await page.getByText("101–200 of 5,000").waitFor();
    const [row] = await page.locator("[data-row]").allTextContents();
    expect(row).toContain("many-");
  });

  it("shows an operation of 200 steps", async () => {
    const found = await service.call("GET", `/api/operations?namespace=formed&cluster=${cluster}`);
    const id = (found.body["value"] as { id: string }[]).at(-1)?.id ?? "";
    const now = new Date().toISOString();
    const steps = Array.from({ length: 194 }, (_, index) => {
      const target = `${sqlServer}/db-${index}`;
      return {
        rowKey: encodeURIComponent(`revokeDatabase:${target}`),
        name: "revokeDatabase",
        target,
        startTime: now,
        endTime: now,
      };
    });
    await copyRow("MooringSteps", `PartitionKey eq '${id}'`, steps);

    await open(`/operations/${id}`);

    await expect.poll(() => page.locator("summary[data-row]").count()).toBeGreaterThanOrEqual(200);
    await page.locator("summary[data-row]").nth(150).click();
    await expectToFit(page, "an operation of 200 steps");
    await takeScreenshots(page, "operation-200-steps");
  });

  it("has made every kind of change, each with the version that was seen and a key", () => {
    const operation = "POST /api/operations/{id}";
    const namespace = "/api/namespaces/{cluster}/{namespace}";
    // The headers of each change are checked after each test.
    expect([...pages.changes].toSorted()).toEqual(
      [
        "POST /api/onboardings",
        ...["approve", "reject", "cancel", "compensate"].map((verb) => `${operation}/${verb}`),
        ...["verify", "repair", "migrate"].map((verb) => `POST ${namespace}/${verb}`),
        `DELETE ${namespace}`,
        "POST /api/namespaces/batch",
      ].toSorted(),
    );
  });

  it("forgets the person after signing out", async () => {
    await open("/operations");
    await page.locator(".account summary").click();
    await look("account");
    await button("Sign out").click();
    await page.getByText("You have signed out of Mooring.").waitFor();
    await page.reload();
    await page.getByLabel(/^Catalog key/).waitFor();
    expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.toContain(sandbox.key ?? randomUUID());
  });
});
