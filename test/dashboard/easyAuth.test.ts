/** The dashboard behind App Service authentication, in a browser, with the paths that the template excludes. */
import { randomUUID } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { readDeployment, valuesAt } from "../infra/support/snapshots.ts";
import { principalOf, print } from "../proof/support/principals.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Platform, startAppServiceAuthentication } from "./support/appServiceAuthentication.ts";
import { expectAccessible, openPages, type Pages, startBrowser } from "./support/browser.ts";
import { executable } from "./support/executable.ts";

const { cluster, sqlServer } = names;

describe.runIf(executable !== undefined)("behind App Service authentication", () => {
  let sandbox: SuiteSandbox;
  let platform: Platform;
  let browser: Browser;
  let pages: Pages;
  let page: Page;

  beforeAll(async () => {
    const [started, template] = await Promise.all([
      startSandbox({
        because: "App Service authenticates its callers",
        callers: "easyAuth",
      }),
      readDeployment("storage"),
      startBrowser(executable ?? "").then((running) => {
        browser = running;
      }),
    ]);
    sandbox = started;
    const [authentication] = template.predictedResources.filter(({ name }) => name.endsWith("/authsettingsV2"));
    const { callers, world } = sandbox.cloud;
    platform = await startAppServiceAuthentication({
      service: sandbox.url,
      excludedPaths: valuesAt(authentication, "properties.globalValidation.excludedPaths[]").map(String),
      principal: print(
        principalOf({
          tenant: world.tenantId,
          oid: randomUUID(),
          groups: callers ? [callers.groups.red] : [],
          roles: ["Onboarding.Request"],
        }),
      ),
    });
    pages = openPages(browser, platform.url);
    page = await pages.newPage(await pages.newContext());
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.close();
    await sandbox?.close();
  });

  const heading = (text: string) => page.getByRole("heading", { level: 1, name: text }).waitFor();

  it("signs in, returns to the requested page, changes something and sees it happen", async () => {
    const wanted = `/dashboard/new?cluster=${cluster}&namespace=red-easy&databases=${sqlServer}/messages=reader`;
    await page.goto(`${platform.url}${wanted}`);
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    await expectAccessible(page, "sign-in of App Service authentication");

    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByText("Your teams may use: red-*", { exact: false }).waitFor();

    expect(new URL(page.url()).searchParams.get("namespace")).toBe("red-easy");
    await page.getByRole("button", { name: "Onboard", exact: true }).click();
    await heading(`Onboard ${cluster}/red-easy`);
    await page.getByText("Add this to your Deployment:").waitFor();
    // The cookie alone is the proof; nothing of it can be read.
    expect(await page.evaluate("document.cookie + JSON.stringify(sessionStorage)")).toBe("{}");
  });

  it("asks to sign in again after the session has ended, and signs out", async () => {
    await page.goto(`${platform.url}/dashboard/namespaces`);
    await page.getByText(`${cluster}/red-easy`).waitFor();
    platform.endSessions();
    await page.getByRole("link", { name: "Catalog" }).click();
    await page.getByText("You are no longer signed in.").waitFor();
    await page.getByRole("link", { name: "Sign in" }).click();
    await heading("Catalog");

    await page.locator(".account summary").click();
    await page.getByRole("link", { name: "Sign out" }).click();

    await page.getByRole("link", { name: "Sign in" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/dashboard");
    expect(pages.complaints).toEqual([]);
  });
});
