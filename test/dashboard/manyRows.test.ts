/** Rows that no operation here would write: hostile strings, 10,000 namespaces, 200 steps. They are copies of rows of the service. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient, type TransactionAction } from "@azure/data-tables";
import { describe, expect } from "vitest";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { expectToFit, takeScreenshots } from "./support/browser.ts";
import { it } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import { button, heading, look, open } from "./support/page.ts";
import { onboard, request, sqlServer } from "./support/requests.ts";

const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'{{7*7}}\u202e';

/** Copies a row that the service has written, with different contents. */
async function copyRow(
  sandbox: SuiteSandbox,
  table: string,
  find: string,
  changes: readonly Record<string, string>[],
): Promise<void> {
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
  const client = new TableClient(sandbox.cloud.tablesEndpoint, table, sandbox.cloud.credentialOf("mooring"));
  const rows = client.listEntities({ queryOptions: { filter: find } });
  const { value } = await rows.next();
  const { etag: _etag, timestamp: _timestamp, ...row } = value ?? {};
  const actions = changes.map((each): TransactionAction => ["create", { ...row, ...each } as never]);
  for (let from = 0; from < actions.length; from += 100)
    await client.submitTransaction(actions.slice(from, from + 100));
}

describe.runIf(executable !== undefined)("rows of any kind and number", () => {
  it("shows hostile strings as plain text", async ({ page, sandbox, service }) => {
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });
    const { id, status } = await service.waitFor(await service.onboard(request("failing")));
    expect(status).toBe("Failed");
    const error = { code: hostile, message: hostile, fix: hostile, retryable: false };
    const evil = `0${id.slice(1)}`;
    await copyRow(sandbox, "MooringOperations", `RowKey eq '${id}'`, [
      { rowKey: evil, id: evil, requestedBy: hostile, error_json: JSON.stringify(error), namespace: hostile },
    ]);
    for (const path of [
      `/operations/${evil}`,
      `/operations?namespace=${encodeURIComponent(hostile)}`,
      `/audit?operation=${encodeURIComponent(hostile)}`,
      `/new?namespace=${encodeURIComponent(hostile)}&databases=${encodeURIComponent(`${hostile}/x=reader`)}`,
      `/namespaces/${encodeURIComponent(hostile)}/x`,
    ]) {
      await open(page, path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByText("Loading", { exact: false }).first().waitFor({ state: "detached" });
      expect(await page.locator("img, main script, #app script").count(), path).toBe(0);
    }
    await open(page, `/operations/${evil}`);
    await page.getByText(hostile, { exact: false }).first().waitFor();
    await look(page, "hostile");
  });

  it("filters, sorts and pages through 10,000 namespaces", async ({ page, sandbox, service }) => {
    await onboard(service, "copied");
    const extra = Array.from({ length: 10_000 }, (_, index) => {
      const namespace = `many-${String(index).padStart(5, "0")}`;
      return { rowKey: namespace, namespace, requestedBy: index % 2 === 0 ? "key:even" : "key:odd" };
    });
    await copyRow(sandbox, "MooringNamespaces", "RowKey eq 'copied'", extra);
    await open(page, "/namespaces");
    await page.getByText(/of 10,0\d\d$/).waitFor({ timeout: 40_000 });
    expect(await page.locator("[data-row]").count()).toBe(100);
    await look(page, "namespaces");
    for (const [width, height, least] of [
      [1280, 800, 14],
      [1920, 1080, 20],
    ] as const) {
      await page.setViewportSize({ width, height });
      const inView = await page
        .locator(".rows > li")
        .evaluateAll((rows, end) => rows.filter((row) => row.getBoundingClientRect().bottom <= end).length, height);
      expect(inView, `rows at ${width} × ${height}`).toBeGreaterThanOrEqual(least);
    }

    await page.keyboard.press("/");
    await page.keyboard.type("key:odd");
    await page.getByText(/^5,000 of 10,0\d\d namespaces; filter down to 1,000/).waitFor();
    await page.getByLabel("Sort by").selectOption("verified");
    await button(page, "Next").click();

    await page.getByText("101–200 of 5,000").waitFor();
    const url = new URL(page.url());
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: "key:odd", sort: "verified", page: "2" });
    // The address restores the page.
    await page.getByRole("link", { name: "Catalog" }).click();
    await heading(page, "Catalog");
    await page.goBack();
    await page.getByText("101–200 of 5,000").waitFor();
    const [row] = await page.locator("[data-row]").allTextContents();
    expect(row).toContain("many-");
  });

  it("shows an operation of 200 steps", async ({ page, sandbox, service }) => {
    const id = await service.onboard(request("stepped"));
    await service.waitFor(id);
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
    await copyRow(sandbox, "MooringSteps", `PartitionKey eq '${id}'`, steps);

    await open(page, `/operations/${id}`);

    await expect.poll(() => page.locator("summary[data-row]").count()).toBeGreaterThanOrEqual(200);
    await page.locator("summary[data-row]").nth(150).click();
    await expectToFit(page, "an operation of 200 steps");
    await takeScreenshots(page, "operation-200-steps");
  });
});
