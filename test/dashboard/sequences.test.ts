/** What people do in an order that nobody planned: they go back, close, look away, and answers come late. */
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { it as base } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import { button, dialog, heading, open, refuse, rowOf } from "./support/page.ts";
import { cluster, database, onboard, request, sqlServer, toApprove } from "./support/requests.ts";

/** Two namespaces are onboarded. */
const it = base.extend<{ onboarded: undefined }>({
  onboarded: [
    async ({ service }, use) => {
      await onboard(service, "first", "second");
      await use(undefined);
    },
    { scope: "file", auto: true },
  ],
});

const planned = (page: Page) => dialog(page).locator(".verdict").waitFor();
const focused = (page: Page) => page.evaluate("document.activeElement?.textContent");
const scrolled = (page: Page) => page.evaluate("Math.round(scrollY)");

/** A part that arrives later, above what is on the screen, moves the page by its height. */
const complete = (page: Page) =>
  page.evaluate(`new Promise((done) => {
    let settled;
    new ResizeObserver((_, observer) => {
      clearTimeout(settled);
      settled = setTimeout(() => done(observer.disconnect()), 500);
    }).observe(document.body);
  })`);

describe.runIf(executable !== undefined)("an unusual order", () => {
  it("closes the dialog of a change with the page that it is about", async ({ page }) => {
    await open(page, `/namespaces/${cluster}/first`);
    await button(page, "Repair …").waitFor();
    await page.getByRole("link", { name: "Namespaces" }).first().click();
    await page.getByRole("link", { name: `${cluster}/second` }).click();
    await button(page, "Repair …").click();
    await planned(page);

    await page.goBack();

    await heading(page, "Namespaces");
    await expect.poll(() => dialog(page).count()).toBe(0);
  });

  it("stays on the page to which the person went while a change was sent", async ({ page, service }) => {
    await open(page, `/namespaces/${cluster}/second`);
    await button(page, "Repair …").waitFor();
    await page.getByRole("link", { name: "Namespaces" }).first().click();
    await page.getByRole("link", { name: `${cluster}/first` }).click();
    const sent = Promise.withResolvers<void>();
    await page.route("**/first/repair", async (route) => {
      await sent.promise;
      await route.continue();
    });
    await button(page, "Repair …").click();
    await planned(page);
    await button(page, "Repair").click();
    await page.keyboard.press("Escape");
    expect(await dialog(page).getByText("Sending …").count(), "what was sent goes on, so its dialog stays").toBe(1);
    await page.goBack();
    await page.getByRole("link", { name: `${cluster}/second` }).click();
    await button(page, "Offboard …").click();
    await planned(page);

    sent.resolve();

    await page.getByText("Accepted: Repair").waitFor({ state: "attached" });
    expect(await dialog(page).getByText("Offboard this namespace?").count()).toBe(1);
    await heading(page, `${cluster}/second`);
    const { body } = await service.call("GET", `/api/namespaces/${cluster}/first`);
    await service.waitFor(String(body["operation"]));
  });

  it("returns the focus when a dialog closes", async ({ page }) => {
    await open(page, `/namespaces/${cluster}/first`);
    await button(page, "Repair …").click();
    await planned(page);

    await button(page, "Close").click();

    await expect.poll(() => dialog(page).count()).toBe(0);
    expect(await focused(page)).toBe("Repair …");
    await page.locator(".account summary").click();
    await button(page, "Shortcuts (?)").click();
    await button(page, "Close").click();
    await expect.poll(() => dialog(page).count()).toBe(0);
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    expect(await focused(page)).toBe("Shortcuts (?)");
  });

  it("leaves the focus on the page when the button of a change goes away", async ({ page, service }) => {
    await open(page, `/operations/${await service.onboard(toApprove("dropped"))}`);
    await page.locator(".summary").getByText("Waiting for approval", { exact: true }).waitFor();
    await button(page, "Cancel …").click();
    await planned(page);

    await button(page, "Cancel the operation").click();

    await page.locator(".summary").getByText("Canceled", { exact: true }).waitFor();
    await expect.poll(() => button(page, "Cancel …").count()).toBe(0);
    expect(await focused(page)).toBe(`Onboard ${cluster}/dropped`);
  });

  const roles = (...names: string[]) => ({ databases: [database("messages", ...names)] });

  it("keeps a namespace in the list when it cannot be read again, and reads it later", async ({ page, service }) => {
    await service.waitFor(await service.onboard(request("first", roles("reader"))));
    await open(page, "/namespaces");
    await page.locator("[data-stream=live]").waitFor();
    await rowOf(page, `${cluster}/first`).getByText("messages (reader)").waitFor();
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
    expect(await rowOf(page, `${cluster}/first`).count()).toBe(1);
    await page.unrouteAll({ behavior: "wait" });
    await rowOf(page, `${cluster}/first`).getByText("messages (reader, writer)").waitFor();
  });

  it("does not replace a namespace by an older answer of the whole list", async ({ page, service }) => {
    await service.waitFor(await service.onboard(request("second", roles("reader"))));
    await open(page, "/namespaces");
    await page.locator("[data-stream=live]").waitFor();
    await rowOf(page, `${cluster}/second`).getByText("messages (reader)").waitFor();
    const [read, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route("**/api/namespaces?top=100", async (route) => {
      const response = await route.fetch();
      read.resolve();
      await late.promise;
      await route.fulfill({ response });
    });
    await button(page, "Refresh").click();
    await read.promise;
    // The page counts approvals after each event, so it has received the change by then.
    const heard = page.waitForResponse("**/api/approvals?*");

    await service.waitFor(await service.onboard(request("second", roles("reader", "writer"))));

    await heard;
    // Time in which the page could read the namespace before the list; otherwise it reads it after the list.
    await page.evaluate("new Promise((done) => setTimeout(done, 2_000))");
    late.resolve();
    await page.waitForResponse("**/api/namespaces?top=100");
    await rowOf(page, `${cluster}/second`).getByText("messages (reader, writer)").waitFor();
  });

  it("lists an older operation that comes to match the filters, in its place", async ({ page, service }) => {
    const [older, newer] = [await service.onboard(toApprove("older")), await service.onboard(toApprove("newer"))];
    await open(page, "/operations?status=Canceled");
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

  it.for([
    ["operations", "a[data-row]", "c"],
    ["namespaces", "a[data-row]", "c"],
    ["audit", "summary[data-row]", "c"],
    [`namespaces/${cluster}/first`, "a[data-row]", "c"],
    ["catalog", "h2", "o"],
  ] as const)("comes back to where the person was on %s", async ([path, content, other], { page }) => {
    await page.setViewportSize({ width: 1280, height: 140 });
    await open(page, `/${path}`);
    await page.locator(content).first().waitFor();
    await complete(page);
    await page.evaluate("scrollTo(0, 150)");
    await page.keyboard.press("g");
    await page.keyboard.press(other);
    await heading(page, other === "c" ? "Catalog" : "Operations");
    await expect.poll(() => scrolled(page)).toBe(0);

    await page.goBack();

    await page.locator(content).first().waitFor();
    await expect.poll(() => scrolled(page)).toBe(150);
    await page.goForward();
    await heading(page, other === "c" ? "Catalog" : "Operations");
    await expect.poll(() => scrolled(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  /** Answers a list of so many rows, newest first. */
  async function list(
    page: Page,
    path: string,
    rows: (index: number) => object,
    total: { value: number; page?: number },
  ) {
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

  it("comes back to older rows that the person had loaded", async ({ page }) => {
    await list(page, "/api/operations", operation, { value: 180 });
    await open(page, "/operations");
    for (const shown of [100, 150]) {
      await button(page, "Show older").click();
      await page.getByText(`${shown} operations shown`, { exact: false }).waitFor();
    }
    await page.locator("[data-row]").nth(140).scrollIntoViewIfNeeded();
    const before = await scrolled(page);
    await page.locator("[data-row]").nth(140).click();
    await page.getByText("This does not exist, or you may not see it.").waitFor();

    await page.goBack();

    await page.getByText("150 operations shown", { exact: false }).waitFor();
    await expect.poll(() => scrolled(page)).toBe(before);
  });

  it("comes back to where the person was although they had gone on before the list was there", async ({ page }) => {
    await list(page, "/api/operations", operation, { value: 50 });
    await open(page, "/operations");
    await page.getByText("50 operations shown", { exact: false }).waitFor();
    await page.evaluate("scrollTo(0, 1_200)");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await heading(page, "Catalog");
    await page.route("**/api/operations?*", () => undefined);
    await page.goBack();
    await page.getByText("Loading the operations …").waitFor();
    await page.goForward();
    await heading(page, "Catalog");
    await list(page, "/api/operations", operation, { value: 50 });

    await page.goBack();

    await page.getByText("50 operations shown", { exact: false }).waitFor();
    await expect.poll(() => scrolled(page)).toBe(1_200);
  });

  it("keeps older entries of the audit trail, and what is open, over an outage of the service", async ({
    page,
    sandbox,
  }) => {
    const total = { value: 200, page: 50 };
    await list(page, "/api/audit", entry, total);
    const targets = async () => await page.locator(".audit .target").allTextContents();
    const from = (newest: number, length: number) =>
      Array.from({ length }, (_, index) => `aks-dev/of-${newest - index}`);
    await open(page, "/audit");
    await button(page, "Show older").click();
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
    await button(page, "Show older").click();
    await page.getByText("152 entries shown", { exact: false }).waitFor();

    await page.locator("[data-stream=live]").waitFor();
    await sandbox.killHost();
    await page.locator(".contact").waitFor();
    // More comes than was loaded before.
    total.page = 80;
    await sandbox.restartHost();

    await page.getByText("160 entries shown", { exact: false }).waitFor({ timeout: 30_000 });
    expect(await targets()).toEqual(from(202, 160));
    await button(page, "Show older").click();
    await page.getByText("202 entries shown", { exact: false }).waitFor();
    expect(await targets()).toEqual(from(202, 202));
  });

  it("marks an entry of the audit trail for an effect that failed", async ({ page }) => {
    const failed = { outcome: "Failed", code: "SQL_FORBIDDEN", reason: "may not" };
    await list(page, "/api/audit", (sequence) => ({ ...entry(sequence), ...(sequence === 2 ? failed : {}) }), {
      value: 2,
    });
    await open(page, "/audit");

    const [second, first] = [page.locator(".audit li").nth(0), page.locator(".audit li").nth(1)];
    await second.getByText("SQL_FORBIDDEN").waitFor();

    expect(await second.locator(".row-status").textContent()).toContain("Failed");
    expect(await first.locator(".row-status").textContent()).toBe("create");
  });

  it("refreshes older operations, too, after an outage of the service", async ({ page, sandbox }) => {
    let status = "Running";
    const total = { value: 200, page: 50 };
    await list(
      page,
      "/api/operations",
      (index) => ({ ...operation(index), ...(index === 103 ? { status } : {}) }),
      total,
    );
    await open(page, "/operations");
    await button(page, "Show older").click();
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
    await button(page, "Show 1 new operation").click();
    await page.getByText("160 operations shown", { exact: false }).waitFor();
    await button(page, "Show older").click();
    await page.getByText("201 operations shown", { exact: false }).waitFor();
  });

  const filled = (namespace: string) =>
    `/new?cluster=${cluster}&namespace=${namespace}&databases=${encodeURIComponent(`${sqlServer}/messages=reader`)}`;
  const dryRun = /\/api\/onboardings\?dryRun=true$/;

  it("shows the names of fields, and that nothing was there, in one piece on a phone", async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(page, filled("phone"));
    await page.getByText("Step by step").click();
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

  it("plans again when it was asked too often", async ({ page }) => {
    let plans = 0;
    await page.route(dryRun, (route) => {
      plans += 1;
      return plans === 1 ? refuse(route, 429, "REFUSED", { "retry-after": "1" }) : route.continue();
    });

    await open(page, filled("often"));

    await button(page, "Onboard").waitFor();
    expect(plans).toBe(2);
  });

  it("plans again when asked to, or when the service is back", async ({ page }) => {
    await page.route(dryRun, (route) => refuse(route, 503, "REGISTRY_UNAVAILABLE"));
    await open(page, filled("later"));
    await page.getByText("Could not load the plan.").waitFor();
    await page.unroute(dryRun);
    await button(page, "Try again").click();
    await button(page, "Onboard").waitFor();
    await page.route(/\/api\//, (route) => route.abort());
    await page.locator("[data-search]").fill("latest");
    await page.locator(".beside").getByText("Retrying automatically.", { exact: false }).waitFor();

    await page.unroute(/\/api\//);

    await button(page, "Onboard").waitFor();
  });

  it("says that a request may be sent again when its answer is lost", async ({ page, service }) => {
    await open(page, filled("lost"));
    await button(page, "Onboard").waitFor();
    const keys: (string | undefined)[] = [];
    const onboardings = /\/api\/onboardings$/;
    await page.route(onboardings, async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      await route.fetch();
      await route.abort();
    });
    await button(page, "Onboard").click();
    await page.getByText("You can safely send it again", { exact: false }).waitFor();
    await page.unroute(onboardings);
    const again = page.waitForRequest(onboardings);

    await button(page, "Onboard").click();

    keys.push((await again).headers()["idempotency-key"]);
    await heading(page, `Onboard ${cluster}/lost`);
    expect(new Set(keys).size).toBe(1);
    const { body } = await service.call("GET", "/api/operations?namespace=lost");
    expect(body["value"]).toHaveLength(1);
  });

  it("shows the newest state of an operation when an event overtakes the answer", async ({ page, service }) => {
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

    await open(page, `/operations/${id}`);

    await page.locator(".summary").getByText("Waiting for approval", { exact: true }).waitFor();
    await button(page, "Cancel …").waitFor();
    await service.call("POST", `/api/operations/${id}/cancel`, {});
  });

  it("does not ask in a loop for events that something on the way ends at once", async ({ page }) => {
    let streams = 0;
    await page.route("**/api/events*", async (route) => {
      streams += 1;
      await route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 1000\n\n" });
    });
    await open(page, "/catalog");
    await heading(page, "Catalog");
    await expect.poll(() => streams).toBeGreaterThan(0);

    await page.waitForTimeout(2_000);

    expect(streams).toBeLessThan(10);
  });
});
