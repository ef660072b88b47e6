/** What a test of the dashboard gets: a real browser, the built pages, and the whole service in a sandbox for each file. */
import type { Page } from "playwright-core";
import { test as base, expect } from "vitest";
import { type SuiteSandbox, type SuiteSandboxOptions, startSandbox } from "../../support/sandbox.ts";
import { type Service, serviceOf } from "../../support/service.ts";
import { openPages, type Pages, startBrowser } from "./browser.ts";
import { executable } from "./executable.ts";
import { heading, open, signInWithKey } from "./page.ts";
import { lanes, sqlServer } from "./requests.ts";

interface OfFile {
  /** The catalog has keys, and wants an approval for the database `orders`. */
  readonly settings: SuiteSandboxOptions;
  readonly sandbox: SuiteSandbox;
  /** Asked with the operator's key. */
  readonly service: Service;
  readonly pages: Pages;
  readonly operator: Page;
}

interface OfTest {
  readonly watched: undefined;
  /** The operator has signed in on it. It is wherever the test before left it, so a test begins with `open`. */
  readonly page: Page;
  /** Opens a page for someone who has not signed in, with storage of its own. */
  readonly visit: () => Promise<Page>;
}

export const it = base.extend<OfFile & OfTest>({
  settings: [
    { callers: "keys", approval: { databases: [`${sqlServer}/orders`] }, batch: { lanes } },
    { scope: "file" },
  ],
  sandbox: [
    async ({ settings }, use) => {
      const sandbox = await startSandbox(settings);
      await use(sandbox);
      await sandbox.close();
    },
    { scope: "file" },
  ],
  service: [async ({ sandbox }, use) => await use(serviceOf(sandbox)), { scope: "file" }],
  pages: [
    async ({ sandbox }, use) => {
      const browser = await startBrowser(executable ?? "");
      await use(openPages(browser, sandbox.url));
      await browser.close();
    },
    { scope: "file" },
  ],
  operator: [
    async ({ pages, sandbox }, use) => {
      const page = await pages.newPage(await pages.newContext());
      await open(page, "/catalog");
      await signInWithKey(page, sandbox.key ?? "");
      await heading(page, "Catalog");
      await use(page);
    },
    { scope: "file" },
  ],
  async watched({ sandbox, pages }, use) {
    await use(undefined);
    sandbox.cloud.faults.clear();
    expect(pages.complaints.splice(0)).toEqual([]);
  },
  async page({ operator, watched: _ }, use) {
    await use(operator);
    await operator.unrouteAll({ behavior: "ignoreErrors" });
  },
  async visit({ pages, watched: _ }, use) {
    const visitors: Page[] = [];
    await use(async () => {
      const visitor = await pages.newPage(await pages.newContext());
      visitors.push(visitor);
      return visitor;
    });
    await Promise.all(visitors.map((visitor) => visitor.context().close()));
  },
});
