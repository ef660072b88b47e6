/**
 * What a test of the dashboard gets: a real browser, which the files of a worker share, the built pages, and the whole service. Each
 * file has a sandbox of its own, since pages list everything that is there.
 */
import type { Browser, Page } from "playwright-core";
import { test as base, expect } from "vitest";
import { closing } from "../../support/closing.ts";
import { type SuiteSandbox, type SuiteSandboxOptions, startSandbox } from "../../support/sandbox.ts";
import { type Service, serviceOf } from "../../support/service.ts";
import { openPages, type Pages, startBrowser } from "./browser.ts";
import { executable } from "./executable.ts";
import { heading, open, signInWithKey } from "./page.ts";
import { lanes, sqlServer } from "./requests.ts";

interface OfFile {
  /** The catalog has keys, and wants an approval for the database `orders`. */
  readonly settings: Omit<SuiteSandboxOptions, "because">;
  readonly sandbox: SuiteSandbox;
  /** Asked with the operator's key. */
  readonly service: Service;
  /** The worker's. */
  readonly browser: Browser;
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
      const sandbox = await startSandbox({ because: "pages list everything that is there", ...settings });
      await use(sandbox);
      await sandbox.close();
    },
    { scope: "file" },
  ],
  service: [async ({ sandbox }, use) => await use(serviceOf(sandbox)), { scope: "file" }],
  browser: [closing(() => startBrowser(executable ?? "")), { scope: "worker" }],
  pages: [
    async ({ browser, sandbox }, use) => {
      await use(openPages(browser, sandbox.url));
      await Promise.all(browser.contexts().map((each) => each.close()));
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
