/** What people see and use on a page of the dashboard. */
import type { Locator, Page, Route } from "playwright-core";
import { expectAccessible, expectToFit, takeScreenshots } from "./browser.ts";

export async function open(page: Page, path: string): Promise<void> {
  await page.goto(`/dashboard${path}`);
}

/** Waits for the page of this name. */
export async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

export function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

export function dialog(page: Page): Locator {
  return page.getByRole("dialog");
}

/** Of the operation, not of one of its steps. */
export function operationStatus(page: Page, status: string): Locator {
  return page.locator(".summary").getByText(status, { exact: true });
}

/** What a page says that changes something about a version that is no longer the current one. */
export function outdated(page: Page): Locator {
  return page.getByText("This has changed since you looked; nothing was done.");
}

/** The row of a namespace in a list. */
export function rowOf(page: Page, fullName: string): Locator {
  return page.getByRole("listitem").filter({ hasText: fullName });
}

/** Checks one state of a page. */
export async function look(page: Page, name: string): Promise<void> {
  await expectAccessible(page, name);
  await expectToFit(page, name);
  await takeScreenshots(page, name);
}

export async function signInWithKey(page: Page, key: string): Promise<void> {
  await page.getByLabel(/^Catalog key/).fill(key);
  await button(page, "Sign in with key").click();
}

/** As one of the people of the simulated Entra. */
export async function signInWithEntra(page: Page, person: "approver" | "requester"): Promise<void> {
  await button(page, "Sign in with Microsoft Entra").click();
  await page.getByRole("link", { name: person }).click();
}

/** Answers as the service refuses. */
export async function refuse(route: Route, status: number, code: string, headers: Record<string, string> = {}) {
  const told = { title: code.toLowerCase().replaceAll("_", " "), detail: "It was refused.", fix: "Ask again." };
  const body = JSON.stringify({ type: `urn:mooring:error:${code}`, status, code, ...told, traceId: "0" });
  await route.fulfill({ status, headers, contentType: "application/problem+json", body });
}
