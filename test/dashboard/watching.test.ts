/** Pages that people leave open: what comes by itself, and what they say while nothing comes. */
import type { Route } from "playwright-core";
import { isShort } from "test-support/proofs";
import { describe, expect } from "vitest";
import { expectAccessible, takeScreenshots } from "./support/browser.ts";
import { it as base } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import { button, dialog, heading, look, open, operationStatus, refuse, rowOf, signInWithKey } from "./support/page.ts";
import { cluster, onboard, sqlServer, toApprove } from "./support/requests.ts";

/** Three namespaces are onboarded. */
const it = base.extend<{ onboarded: undefined }>({
  onboarded: [
    async ({ service }, use) => {
      await onboard(service, "first", "second", "third");
      await use(undefined);
    },
    { scope: "file", auto: true },
  ],
});

describe.runIf(executable !== undefined)("watching", () => {
  it("searches the audit trail and verifies its chain", async ({ page }) => {
    await open(page, "/audit?namespace=first");
    await page.getByText(/^\d+ entries shown/).waitFor();
    // The trail says what happened, not what is.
    await page.locator(".audit .status").getByText("Accepted", { exact: true }).first().waitFor();
    expect(await page.locator(".audit .status").getByText("Running", { exact: true }).count()).toBe(0);
    await page.locator("summary[data-row]", { hasText: "Grant database" }).first().click();
    await page
      .getByRole("link", { name: `${cluster}/first` })
      .first()
      .waitFor();
    await button(page, "Verify the chain").click();
    await page.getByText("The chain is intact", { exact: false }).waitFor();
    await look(page, "audit");
  });

  it("shows the catalog and who may have it", async ({ page }) => {
    await page.route("**/api/catalog", async (route) => {
      const response = await route.fetch();
      const { targets, ...others } = await response.json();
      const json = { ...others, targets: targets.map((each: object) => ({ ...each, environment: "prod" })) };
      await route.fulfill({ response, json });
    });
    await open(page, "/catalog");
    await page.getByText("team red: reader, writer, executor").first().waitFor();
    const target = page.locator(".card", { hasText: "uploads" });
    await target.getByText("Environment prod").waitFor();
    expect(await target.getByRole("link", { name: "Who has access" }).getAttribute("href")).toContain("target=uploads");
    // Every kind of target alike, and what a namespace gets besides.
    for (const name of ["messages", "uploads"]) {
      await page.locator(".card", { hasText: name }).getByRole("link", { name: "Who has access" }).first().waitFor();
    }
    await page.locator("section", { hasText: "Profiles" }).locator(".card", { hasText: "isolated" }).waitFor();
    await look(page, "catalog");
    await page.getByRole("link", { name: "Who has access" }).first().click();
    await heading(page, "Access");
    await page.getByRole("link", { name: `${cluster}/first` }).waitFor();
    expect(await page.locator("[data-row] .target").allInnerTexts()).toContain(`${sqlServer}/messages`);
    await look(page, "access");
    // What is only asked for or being removed is marked.
    await page.route("**/api/access?**", async (route) => {
      const response = await route.fetch();
      const { value, ...others } = await response.json();
      const [first] = value;
      const removal = { operation: first.operation, requestedBy: "Paula", awaitsApproval: true };
      const rows = [{ removal }, { state: "beingRemoved" }, { state: "awaitingApproval" }, { state: "unknown" }];
      await route.fulfill({ response, json: { ...others, value: rows.map((each) => ({ ...first, ...each })) } });
    });
    await page.reload();
    for (const words of ["in force, removal waits for approval", "being removed", "waits for approval", "unknown"])
      await page.locator("[data-row]").getByText(words, { exact: true }).waitFor();
    await look(page, "access-waiting");
    await page.unroute("**/api/access?**");
    await open(page, "/access?target=nothing");
    await page.getByText('There is no target "nothing" that you may see.').waitFor();
    await button(page, "Read nothing now").click();
    await page.getByText("Could not load who else reaches nothing.").waitFor();
    await open(page, "/nowhere");
    await page.getByText("This page does not exist.").waitFor();
    await look(page, "no-such-page");
  });

  it("can be used by keyboard alone", async ({ page }) => {
    await open(page, "/operations");
    await page.locator("[data-row]").nth(2).waitFor();
    await takeScreenshots(page, "operations");
    const focused = () => page.evaluate('[...document.querySelectorAll("[data-row]")].indexOf(document.activeElement)');
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    expect(await focused()).toBe(1);
    await page.keyboard.press("?");
    await dialog(page).getByText("next or previous row").waitFor();
    await look(page, "keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("second");
    await page.keyboard.press("Enter");
    await page.getByText("1 operation shown", { exact: false }).waitFor();
    // The first tab stop skips what is on every page.
    await open(page, "/catalog");
    await heading(page, "Catalog");
    expect(await page.locator("a, button, input, select, summary").first().textContent()).toBe("Skip to content");
  });

  it("opens one stream, and none while the tab is hidden", async ({ page, sandbox, service }) => {
    await open(page, "/operations");
    await page.locator("[data-stream=live]").waitFor();
    const streams: string[] = [];
    page.on("request", (each) => /\/events$/.test(new URL(each.url()).pathname) && streams.push(each.url()));
    await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"))`);
    await page.locator("[data-stream=paused]").waitFor();
    await onboard(service, "unseen");
    expect([streams, await page.getByText(`${cluster}/unseen`).count()]).toEqual([[], 0]);

    await page.evaluate('delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))');

    await page.getByText(`${cluster}/unseen`).waitFor();
    expect(streams).toEqual([`${sandbox.url}/api/events`]);
  });

  it("shows in one tab what is done in another, each with its own stream", async ({
    page,
    pages,
    sandbox,
    service,
  }) => {
    const other = await pages.newPage(page.context());
    const streams: string[] = [];
    other.on("request", (each) => /\/events$/.test(new URL(each.url()).pathname) && streams.push(each.url()));
    await open(other, "/operations?phase=awaitingApproval");
    await signInWithKey(other, sandbox.key ?? "");
    await other.locator("[data-stream=live]").waitFor();
    const id = await service.onboard(toApprove("twice"));
    const row = rowOf(other, `${cluster}/twice`);
    await row.getByText("Waiting for approval", { exact: true }).waitFor();
    await open(page, `/operations/${id}`);
    await page.locator("[data-stream=live]").waitFor();
    await row.getByRole("link").click();
    await button(other, "Cancel …").click();
    await dialog(other).getByText("It waits for approval, and has written nothing.").waitFor();

    await button(page, "Cancel …").click();
    await dialog(page).getByText("It waits for approval, and has written nothing.").waitFor();
    await button(page, "Cancel the operation").click();
    await operationStatus(page, "Canceled").waitFor();

    // The other tab has noticed it behind its open dialog.
    await operationStatus(other, "Canceled").waitFor();
    await button(other, "Close").click();
    await expect.poll(() => button(other, "Cancel …").count()).toBe(0);
    await other.locator(".account summary").click();
    await other.getByLabel("Colours").selectOption("dark");
    await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    await other.getByLabel("Colours").selectOption("system");
    expect(streams).toEqual([`${sandbox.url}/api/events`, `${sandbox.url}/api/operations/${id}/events`]);
    await other.close();
  });

  it("moves nothing that is being read, and announces new entries", async ({ page, service }) => {
    await open(page, "/operations");
    const first = page.locator("[data-row]").first();
    await first.focus();
    const before = await first.textContent();

    await onboard(service, "news");

    await button(page, "Show 1 new operation").waitFor();
    expect(await first.textContent()).toBe(before);
    await button(page, "Show 1 new operation").click();
    await expect.poll(() => first.textContent()).toContain("news");
  });

  it("has room for the number of waiting requests before it is known", async ({ page }) => {
    const unanswered = Promise.withResolvers<void>();
    await page.route("**/api/approvals?**", async (route) => {
      await unanswered.promise;
      await route.continue();
    });
    await open(page, "/operations");
    const chip = page.getByRole("link", { name: "Waiting for you" });
    await chip.waitFor();
    expect(await chip.textContent()).toBe("Waiting for you");
    const list = page.locator("[data-row]").first();
    await list.waitFor();
    const before = await list.boundingBox();

    unanswered.resolve();

    await page.getByRole("link", { name: /^Waiting for you: \d/ }).waitFor();
    expect(await list.boundingBox()).toEqual(before);
  });

  it("moves no row when another one fails", async ({ page, service }) => {
    const id = await service.onboard(toApprove("red-still"));
    await open(page, "/operations");
    const row = rowOf(page, "red-still");
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

  it("shows what is on its way, and what could not be had", async ({ visit, sandbox }) => {
    const slow = await visit();
    await slow.route("**/api/catalog", () => undefined);
    await open(slow, "/catalog");
    await signInWithKey(slow, sandbox.key ?? "");
    await slow.getByText("Loading the catalog …").waitFor();
    await look(slow, "loading");
    await slow.unroute("**/api/catalog");
    await slow.route("**/api/catalog", (route) => refuse(route, 503, "REGISTRY_UNAVAILABLE"));
    await open(slow, "/audit");
    await slow.getByRole("link", { name: "Catalog" }).click();
    await slow.getByText("Could not load the catalog.").waitFor();
    await look(slow, "error");
    await slow.unroute("**/api/catalog");
    await button(slow, "Try again").click();
    await slow.getByRole("heading", { name: "Clusters" }).waitFor();
  });

  it("shows that the service does not answer, keeps its data, and recovers when it is back", async ({
    page,
    sandbox,
    service,
  }) => {
    await open(page, "/operations");
    await page.locator("[data-stream=live]").waitFor();
    await page.locator("[data-row]").first().waitFor();
    const rows = await page.locator("[data-row]").count();

    await sandbox.killHost();

    await page.locator(".contact").getByText("The service is not responding").waitFor();
    expect(await page.locator("[data-row]").count()).toBe(rows);
    await page.getByRole("link", { name: "Catalog" }).click();
    await page.getByText("The service is not responding.").first().waitFor();
    await look(page, "away");
    await page.getByRole("link", { name: "Operations" }).first().click();
    await page.locator("[data-stream=away]").waitFor();
    await sandbox.restartHost();
    await page.locator("[data-stream=live]").waitFor({ timeout: 30_000 });
    await expect.poll(() => page.locator(".contact").count()).toBe(0);
    await onboard(service, "after");
    await page.getByText(`${cluster}/after`).first().waitFor();
  });

  it("keeps its data with its age when a refresh fails, and does not move what is being read", async ({
    page,
    service,
  }) => {
    const context = page.context();
    await open(page, "/operations");
    const third = page.locator("[data-row]").nth(2);
    await third.focus();
    const before = await third.textContent();
    await page.locator("[data-stream=live]").waitFor();
    // Until nothing is on its way: an open stream alone does not notice.
    await page.waitForTimeout(1_000);
    await context.setOffline(true);
    await page.locator(".contact").getByText("You are offline").waitFor();
    await look(page, "offline");
    await page.route("**/api/operations?*", (route) => refuse(route, 503, "REGISTRY_UNAVAILABLE"));
    await third.focus();

    await context.setOffline(false);

    await page.locator(".notice.stale").getByText("Showing the operations as of", { exact: false }).waitFor();
    await look(page, "stale");
    expect(await page.evaluate("document.activeElement?.textContent")).toBe(before);
    await page.unroute("**/api/operations?*");
    await onboard(service, "unheard");
    await third.focus();
    await button(page, "Try again").click();
    await expect.poll(() => page.locator(".notice.stale").count()).toBe(0);
  });

  it("passes axe on every page that is loading, refused, forbidden or without its service", async ({
    visit,
    sandbox,
  }) => {
    const every = [
      "operations",
      "operations/x",
      "approvals",
      "namespaces",
      `namespaces/${cluster}/first`,
      "new",
      "batches",
      "access",
      "audit",
      "catalog",
    ];
    const states: Readonly<Record<string, (route: Route) => Promise<void> | void>> = {
      loading: () => undefined,
      error: (route) => refuse(route, 503, "REGISTRY_UNAVAILABLE"),
      forbidden: (route) => refuse(route, 403, "FORBIDDEN"),
      away: (route) => route.abort(),
    };
    const own = await visit();
    await open(own, "/catalog");
    await signInWithKey(own, sandbox.key ?? "");
    await own.getByRole("heading", { name: "Clusters" }).waitFor();
    const seen: string[] = [];
    const pairs = Object.keys(states).flatMap((state) => every.map((path) => [state, path] as const));
    const wanted = pairs.filter((_, index) => !isShort || index % 5 === 0);
    for (const [state, path] of wanted) {
      // A new document: what another page has loaded stays in the memory of the old one.
      await open(own, "/nowhere");
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
  });
});
