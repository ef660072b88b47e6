/** What people do in an order that nobody planned: they go back, close, look away, and answers come late. */
import type { Browser, BrowserContext, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { openPages, type Pages, startBrowser } from "./support/browser.ts";
import { executable } from "./support/executable.ts";

const { cluster, sqlServer } = names;
const database = (name: string, ...roles: string[]) => ({ server: sqlServer, database: name, roles });
const request = (namespace: string, changes: object = {}) => ({
  cluster,
  namespace,
  databases: [database("messages", "reader")],
  ...changes,
});
/** It waits until somebody decides. */
const toApprove = (namespace: string) => request(namespace, { databases: [database("orders", "reader")] });

describe.runIf(executable !== undefined)("an unusual order", { timeout: 60_000 }, () => {
  let sandbox: SuiteSandbox;
  let service: Service;
  let browser: Browser;
  let context: BrowserContext;
  let pages: Pages;
  let page: Page;

  beforeAll(async () => {
    sandbox = await startSandbox({ callers: "keys", approval: { databases: [`${sqlServer}/orders`] } });
    service = serviceOf(sandbox);
    browser = await startBrowser(executable ?? "");
    pages = openPages(browser);
    context = await pages.newContext();
    page = await pages.newPage(context);
    const started = await Promise.all(["first", "second"].map((name) => service.onboard(request(name))));
    await Promise.all(started.map((id) => service.waitFor(id)));
    await open("/catalog");
    await page.getByLabel(/^Catalog key/).fill(sandbox.key ?? "");
    await button("Sign in with key").click();
    await heading("Catalog");
  });
  afterAll(async () => {
    await browser?.close();
    await sandbox?.close();
  });
  afterEach(async () => {
    await page.unrouteAll({ behavior: "ignoreErrors" });
    expect(pages.complaints.splice(0)).toEqual([]);
  });

  const open = (path: string) => page.goto(`${sandbox.url}/dashboard${path}`);
  const heading = (text: string | RegExp) => page.getByRole("heading", { level: 1, name: text }).waitFor();
  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const dialog = () => page.getByRole("dialog");
  const planned = () => dialog().locator(".verdict").waitFor();

  it("closes the dialog of a change with the page that it is about", async () => {
    await open(`/namespaces/${cluster}/first`);
    await button("Repair …").waitFor();
    await page.getByRole("link", { name: "Namespaces" }).first().click();
    await page.getByRole("link", { name: `${cluster}/second` }).click();
    await button("Repair …").click();
    await planned();

    await page.goBack();

    await heading("Namespaces");
    await expect.poll(() => dialog().count()).toBe(0);
  });

  it("stays on the page to which the person went while a change was sent", async () => {
    await open(`/namespaces/${cluster}/second`);
    await button("Repair …").waitFor();
    await page.getByRole("link", { name: "Namespaces" }).first().click();
    await page.getByRole("link", { name: `${cluster}/first` }).click();
    const sent = Promise.withResolvers<void>();
    await page.route("**/first/repair", async (route) => {
      await sent.promise;
      await route.continue();
    });
    await button("Repair …").click();
    await planned();
    await button("Repair").click();
    await page.keyboard.press("Escape");
    expect(await dialog().getByText("Sending …").count(), "what was sent goes on, so its dialog stays").toBe(1);
    await page.goBack();
    await page.getByRole("link", { name: `${cluster}/second` }).click();
    await button("Offboard …").click();
    await planned();

    sent.resolve();

    await page.getByText("Accepted: Repair").waitFor({ state: "attached" });
    expect(await dialog().getByText("Offboard this namespace?").count()).toBe(1);
    await heading(`${cluster}/second`);
    const { body } = await service.call("GET", `/api/namespaces/${cluster}/first`);
    await service.waitFor(String(body["operation"]));
  });

  const focused = () => page.evaluate("document.activeElement?.textContent");

  it("returns the focus when a dialog closes", async () => {
    await open(`/namespaces/${cluster}/first`);
    await button("Repair …").click();
    await planned();

    await button("Close").click();

    await expect.poll(() => dialog().count()).toBe(0);
    expect(await focused()).toBe("Repair …");
    await page.locator(".account summary").click();
    await button("Shortcuts (?)").click();
    await button("Close").click();
    await expect.poll(() => dialog().count()).toBe(0);
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    expect(await focused()).toBe("Shortcuts (?)");
  });

  it("leaves the focus on the page when the button of a change goes away", async () => {
    await open(`/operations/${await service.onboard(toApprove("dropped"))}`);
    await page.locator(".summary").getByText("Waiting for approval", { exact: true }).waitFor();
    await button("Cancel …").click();
    await planned();

    await button("Cancel the operation").click();

    await page.locator(".summary").getByText("Canceled", { exact: true }).waitFor();
    await expect.poll(() => button("Cancel …").count()).toBe(0);
    expect(await focused()).toBe(`Onboard ${cluster}/dropped`);
  });

  /** The row of a namespace on the page Namespaces. */
  const rowOf = (namespace: string) => page.getByRole("listitem").filter({ hasText: `${cluster}/${namespace}` });
  const roles = (...names: string[]) => ({ databases: [database("messages", ...names)] });

  it("keeps a namespace in the list when it cannot be read again, and reads it later", async () => {
    await service.waitFor(await service.onboard(request("first", roles("reader"))));
    await open("/namespaces");
    await page.locator("[data-stream=live]").waitFor();
    await rowOf("first").getByText("messages (reader)").waitFor();
    const path = `/api/namespaces/${cluster}/first`;
    const refused = Promise.withResolvers<void>();
    await page.route(`**${path}`, (route) => {
      refused.resolve();
      return route.fulfill({ status: 503, contentType: "text/plain", body: "unavailable" });
    });
    const answered = page.waitForResponse((response) => response.url().endsWith(path));

    await service.waitFor(await service.onboard(request("first", roles("reader", "writer"))));

    await refused.promise;
    await (await answered).finished();
    await page.waitForFunction("new Promise((done) => setTimeout(() => done(true)))");
    expect(await rowOf("first").count()).toBe(1);
    await page.unrouteAll({ behavior: "wait" });
    await rowOf("first").getByText("messages (reader, writer)").waitFor();
  });

  it("does not replace a namespace by an older answer of the whole list", async () => {
    await service.waitFor(await service.onboard(request("second", roles("reader"))));
    await open("/namespaces");
    await page.locator("[data-stream=live]").waitFor();
    await rowOf("second").getByText("messages (reader)").waitFor();
    const [read, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route("**/api/namespaces?top=100", async (route) => {
      const response = await route.fetch();
      read.resolve();
      await late.promise;
      await route.fulfill({ response });
    });
    await button("Refresh").click();
    await read.promise;
    // The page counts approvals after each event, so it has received the change by then.
    const heard = page.waitForResponse("**/api/approvals?*");

    await service.waitFor(await service.onboard(request("second", roles("reader", "writer"))));

    await heard;
    // Time in which the page could read the namespace before the list; otherwise it reads it after the list.
    await page.evaluate("new Promise((done) => setTimeout(done, 2_000))");
    late.resolve();
    await page.waitForResponse("**/api/namespaces?top=100");
    await rowOf("second").getByText("messages (reader, writer)").waitFor();
  });

  it("lists an older operation that comes to match the filters, in its place", async () => {
    const [older, newer] = [await service.onboard(toApprove("older")), await service.onboard(toApprove("newer"))];
    await open("/operations?status=Canceled");
    await page.locator("[data-stream=live]").waitFor();
    await page.mouse.move(0, 0);
    const own = [`${cluster}/newer`, `${cluster}/older`];
    const listed = async () =>
      (await page.locator(".operations [data-row] strong").allTextContents()).filter((each) => own.includes(each));
    await service.call("POST", `/api/operations/${newer}/cancel`, {});
    await expect.poll(listed, { timeout: 15_000 }).toEqual([`${cluster}/newer`]);

    await service.call("POST", `/api/operations/${older}/cancel`, {});

    await expect.poll(listed, { timeout: 15_000 }).toEqual(own);
  });

  const scrolled = () => page.evaluate("Math.round(scrollY)");

  it.each([
    ["operations", "a[data-row]", "c"],
    ["namespaces", "a[data-row]", "c"],
    ["audit", "summary[data-row]", "c"],
    [`namespaces/${cluster}/first`, "a[data-row]", "c"],
    ["catalog", "h2", "o"],
  ])("comes back to where the person was on %s", async (path, content, other) => {
    await page.setViewportSize({ width: 1280, height: 240 });
    await open(`/${path}`);
    await page.locator(content).first().waitFor();
    await page.evaluate("scrollTo(0, 150)");
    await page.keyboard.press("g");
    await page.keyboard.press(other);
    await heading(other === "c" ? "Catalog" : "Operations");
    await expect.poll(scrolled).toBe(0);

    await page.goBack();

    await page.locator(content).first().waitFor();
    await expect.poll(scrolled).toBe(150);
    await page.goForward();
    await heading(other === "c" ? "Catalog" : "Operations");
    await expect.poll(scrolled).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  /** Answers a list of so many rows, newest first. */
  async function list(path: string, rows: (index: number) => object, total: { value: number; page?: number }) {
    await page.route(`**${path}?*`, (route) => {
      const newest = Number(new URL(route.request().url()).searchParams.get("continuation") ?? total.value);
      const { page: size = 50 } = total;
      const value = Array.from({ length: Math.min(size, newest) }, (_, index) => rows(newest - index));
      const nextLink = newest > size ? { nextLink: `${path}?continuation=${newest - size}` } : {};
      return route.fulfill({ json: { value, ...nextLink } });
    });
  }
  const entry = (sequence: number) => ({
    sequence,
    kind: "effect",
    time: "2026-11-01T08:00:00.000Z",
    who: "key:operator",
    what: "applyNamespace",
    target: `aks-dev/of-${sequence}`,
    action: "create",
    outcome: "Succeeded",
    differences: [],
    hash: String(sequence),
  });
  const operation = (index: number) => ({
    id: `listed-${index}`,
    kind: "onboard",
    status: "Succeeded",
    phase: "done",
    cluster: "aks-dev",
    namespace: `of-${index}`,
    requestedBy: "key:operator",
    createdTime: new Date(Date.UTC(2026, 10, 1, 8, 0, index)).toISOString(),
    endTime: "2026-11-01T09:00:00.000Z",
  });

  it("comes back to older rows that the person had loaded", async () => {
    await list("/api/operations", operation, { value: 180 });
    await open("/operations");
    for (const shown of [100, 150]) {
      await button("Show older").click();
      await page.getByText(`${shown} operations shown`, { exact: false }).waitFor();
    }
    await page.locator("[data-row]").nth(140).scrollIntoViewIfNeeded();
    const before = await scrolled();
    await page.locator("[data-row]").nth(140).click();
    await page.getByText("This does not exist, or you may not see it.").waitFor();

    await page.goBack();

    await page.getByText("150 operations shown", { exact: false }).waitFor();
    await expect.poll(scrolled).toBe(before);
  });

  it("comes back to where the person was although they had gone on before the list was there", async () => {
    await list("/api/operations", operation, { value: 50 });
    await open("/operations");
    await page.getByText("50 operations shown", { exact: false }).waitFor();
    await page.evaluate("scrollTo(0, 1_500)");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await heading("Catalog");
    await page.route("**/api/operations?*", () => undefined);
    await page.goBack();
    await page.getByText("Loading the operations …").waitFor();
    await page.goForward();
    await heading("Catalog");
    await list("/api/operations", operation, { value: 50 });

    await page.goBack();

    await page.getByText("50 operations shown", { exact: false }).waitFor();
    await expect.poll(scrolled).toBe(1_500);
  });

  it("keeps older entries of the audit trail, and what is open, over an outage of the service", async () => {
    const total = { value: 200, page: 50 };
    await list("/api/audit", entry, total);
    const targets = async () => await page.locator(".audit .target").allTextContents();
    const from = (newest: number, length: number) =>
      Array.from({ length }, (_, index) => `aks-dev/of-${newest - index}`);
    await open("/audit");
    await button("Show older").click();
    await page.getByText("100 entries shown", { exact: false }).waitFor();
    await page.locator("summary[data-row]", { hasText: "aks-dev/of-140" }).click();
    await page.getByText("No.", { exact: true }).waitFor();
    await page.locator("[data-stream=live]").waitFor();

    await sandbox.killHost();
    await page.locator(".contact").waitFor();
    total.value = 202;
    await sandbox.restartHost();

    await page.getByText("102 entries shown", { exact: false }).waitFor({ timeout: 30_000 });
    expect(await targets()).toEqual(from(202, 102));
    expect(await page.getByText("No.", { exact: true }).count()).toBe(1);
    await button("Show older").click();
    await page.getByText("152 entries shown", { exact: false }).waitFor();

    await page.locator("[data-stream=live]").waitFor();
    await sandbox.killHost();
    await page.locator(".contact").waitFor();
    // More comes than was loaded before.
    total.page = 80;
    await sandbox.restartHost();

    await page.getByText("160 entries shown", { exact: false }).waitFor({ timeout: 30_000 });
    expect(await targets()).toEqual(from(202, 160));
    await button("Show older").click();
    await page.getByText("202 entries shown", { exact: false }).waitFor();
    expect(await targets()).toEqual(from(202, 202));
  });

  it("marks an entry of the audit trail for an effect that failed", async () => {
    const failed = { outcome: "Failed", code: "SQL_FORBIDDEN", reason: "may not" };
    await list("/api/audit", (sequence) => ({ ...entry(sequence), ...(sequence === 2 ? failed : {}) }), { value: 2 });
    await open("/audit");

    const [second, first] = [page.locator(".audit li").nth(0), page.locator(".audit li").nth(1)];
    await second.getByText("SQL_FORBIDDEN").waitFor();

    expect(await second.locator(".row-status").textContent()).toContain("Failed");
    expect(await first.locator(".row-status").textContent()).toBe("create");
  });

  it("refreshes older operations, too, after an outage of the service", async () => {
    let status = "Running";
    const total = { value: 200, page: 50 };
    await list("/api/operations", (index) => ({ ...operation(index), ...(index === 103 ? { status } : {}) }), total);
    await open("/operations");
    await button("Show older").click();
    const row = page.getByRole("listitem").filter({ hasText: `${cluster}/of-103` });
    await row.getByText("Running").waitFor();
    await page.locator("[data-stream=live]").waitFor();
    await page.evaluate("scrollTo(0, 1_000)");

    await sandbox.killHost();
    await page.locator(".contact").waitFor();
    status = "Failed";
    total.value = 201;
    total.page = 80;
    await sandbox.restartHost();

    await row.getByText("Failed").waitFor({ timeout: 30_000 });
    const listed = await page.locator(".operations [data-row] strong").allTextContents();
    expect(listed).toEqual(Array.from({ length: 159 }, (_, index) => `${cluster}/of-${200 - index}`));
    await button("Show 1 new operation").click();
    await page.getByText("160 operations shown", { exact: false }).waitFor();
    await button("Show older").click();
    await page.getByText("201 operations shown", { exact: false }).waitFor();
  });

  const filled = (namespace: string) =>
    `/new?cluster=${cluster}&namespace=${namespace}&databases=${encodeURIComponent(`${sqlServer}/messages=reader`)}`;
  const dryRun = /\/api\/onboardings\?dryRun=true$/;
  const refuse = (route: Route, status: number, headers: Record<string, string> = {}) => {
    const told = { title: "refused", detail: "It was refused.", fix: "Ask again.", traceId: "0" };
    const body = JSON.stringify({ type: "urn:mooring:error:REFUSED", status, code: "REFUSED", ...told });
    return route.fulfill({ status, headers, contentType: "application/problem+json", body });
  };

  it("shows the names of fields, and that nothing was there, in one piece on a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(filled("phone"));
    await page.locator(".differences").first().waitFor();

    const inLines =
      (await page.evaluate(`[...document.querySelectorAll(".differences th, .differences .muted")].map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return [cell.textContent, new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size];
    })`)) as [string, number][];

    expect(inLines).toContainEqual(["metadata.name", 1]);
    expect(inLines.filter(([, lines]) => lines !== 1)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("plans again when it was asked too often", async () => {
    let plans = 0;
    await page.route(dryRun, (route) => {
      plans += 1;
      return plans === 1 ? refuse(route, 429, { "retry-after": "1" }) : route.continue();
    });

    await open(filled("often"));

    await button("Onboard").waitFor();
    expect(plans).toBe(2);
  });

  it("plans again when asked to, or when the service is back", async () => {
    await page.route(dryRun, (route) => refuse(route, 503));
    await open(filled("later"));
    await page.getByText("Could not load the plan.").waitFor();
    await page.unroute(dryRun);
    await button("Try again").click();
    await button("Onboard").waitFor();
    await page.route(/\/api\//, (route) => route.abort());
    await page.locator("[data-search]").fill("latest");
    await page.locator(".beside").getByText("Retrying automatically.", { exact: false }).waitFor();

    await page.unroute(/\/api\//);

    await button("Onboard").waitFor();
  });

  it("says that a request may be sent again when its answer is lost", async () => {
    await open(filled("lost"));
    await button("Onboard").waitFor();
    const keys: (string | undefined)[] = [];
    const onboardings = /\/api\/onboardings$/;
    await page.route(onboardings, async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      await route.fetch();
      await route.abort();
    });
    await button("Onboard").click();
    await page.getByText("You can safely send it again", { exact: false }).waitFor();
    await page.unroute(onboardings);
    const again = page.waitForRequest(onboardings);

    await button("Onboard").click();

    keys.push((await again).headers()["idempotency-key"]);
    await heading(`Onboard ${cluster}/lost`);
    expect(new Set(keys).size).toBe(1);
    const { body } = await service.call("GET", "/api/operations?namespace=lost");
    expect(body["value"]).toHaveLength(1);
  });

  it("shows the newest state of an operation when an event overtakes the answer", async () => {
    const id = await service.onboard(toApprove("overtaken"));
    await expect.poll(async () => (await service.operation(id)).phase).toBe("awaitingApproval");
    const late = Promise.withResolvers<void>();
    await page.route(`**/api/operations/${id}`, async (route) => {
      const response = await route.fetch();
      // As it was before it asked for approval.
      const { approval: _approval, ...before } = { ...(await response.json()), phase: "preflight" };
      await late.promise;
      await route.fulfill({ response, json: before });
    });
    const [operation] = (await service.call("GET", "/api/operations?namespace=overtaken")).body["value"] as object[];
    let streams = 0;
    await page.route(`**/api/operations/${id}/events`, (route) => {
      streams += 1;
      // A page that asks for the next stream has read the one before.
      if (streams > 1) late.resolve();
      const body = `event: operation\nid: x\ndata: ${JSON.stringify(operation)}\n\n`;
      return streams > 1 ? undefined : route.fulfill({ contentType: "text/event-stream", body });
    });

    await open(`/operations/${id}`);

    await page.locator(".summary").getByText("Waiting for approval", { exact: true }).waitFor();
    await button("Cancel …").waitFor();
    await service.call("POST", `/api/operations/${id}/cancel`, {});
  });

  it("does not ask in a loop for events that something on the way ends at once", async () => {
    let streams = 0;
    await page.route("**/api/events*", async (route) => {
      streams += 1;
      await route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 1000\n\n" });
    });
    await open("/catalog");
    await heading("Catalog");
    await expect.poll(() => streams).toBeGreaterThan(0);

    await page.waitForTimeout(2_000);

    expect(streams).toBeLessThan(10);
  });
});
