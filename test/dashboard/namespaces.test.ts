/** A namespace's page, the list of all, and what people do to one or many. */

import { describe, expect } from "vitest";
import { identityName } from "../../src/domain/naming/names.ts";
import { changeBy } from "./support/changes.ts";
import { it } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import { button, dialog, heading, look, open, operationStatus, outdated } from "./support/page.ts";
import { cluster, database, onboard, request } from "./support/requests.ts";

describe.runIf(executable !== undefined)("namespaces", () => {
  it("finds drift, shows it next to the request, and repairs it", async ({ page, sandbox, service }) => {
    const namespaceRef = { cluster, namespace: "drifting" };
    await onboard(service, "drifting");
    await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${identityName(namespaceRef)}]`);
    await open(page, `/namespaces/${cluster}/drifting`);
    await page.getByText("Everything matches the request.").waitFor();
    await look(page, "namespace");

    await button(page, "Verify now").click();
    await page.getByText("USER_MISSING").waitFor();
    expect(await page.locator("main button.primary").allTextContents(), "what would help").toEqual(["Repair …"]);
    await button(page, "Compare now").click();
    await page.getByText("1 step of", { exact: false }).first().waitFor();
    await look(page, "namespace-drift");
    const sent = changeBy(page, "POST /api/namespaces/{cluster}/{namespace}/repair");
    await button(page, "Repair …").click();
    await button(page, "Repair").click();

    await heading(page, `Repair ${cluster}/drifting`);
    await operationStatus(page, "Succeeded").waitFor();
    expect((await sent).headers()["if-match"]).toMatch(/^".+"$/);
    await page
      .getByRole("link", { name: `${cluster}/drifting` })
      .first()
      .click();
    await page.getByText("Everything matches the request.").waitFor();
  });

  it("exports what a namespace has, in each form", async ({ page, service }) => {
    await onboard(service, "exported");
    await open(page, `/namespaces/${cluster}/exported`);
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
    await look(page, "namespace-export");
    // The change form contains the request and nothing else of the namespace.
    await page.getByRole("link", { name: "Change", exact: true }).click();
    await heading(page, "New request");
    expect([...new URL(page.url()).searchParams.keys()].sort()).toEqual(
      ["adoptionPolicy", "cluster", "databases", "deletePolicy", "identityMode", "namespace", "serviceAccount"].sort(),
    );
  });

  it("renews access that ends, with the plan of the change", async ({ page, service }) => {
    await service.waitFor(await service.onboard(request("renewed", { expiresAt: "2080-01-01T00:00:00Z" })));
    await open(page, `/namespaces/${cluster}/renewed`);
    await page.getByText(/all access ends and the namespace is offboarded/).waitFor();
    await page.getByLabel("until (UTC)").fill("2090-01-31");
    await button(page, "Renew …").click();
    await dialog(page)
      .getByText(/Access ends: 2090-01-31/)
      .waitFor();
    await look(page, "renew");
    const sent = page.waitForRequest((each) => each.method() === "POST" && !each.url().includes("dryRun"));
    await dialog(page).locator("button[type=submit]").click();

    expect((await sent).postDataJSON()).toMatchObject({ namespace: "renewed", expiresAt: "2090-01-31T00:00:00Z" });
    await heading(page, `Change ${cluster}/renewed`);
  });

  it("shows who else reaches a target, and that it cannot be read", async ({ page, sandbox }) => {
    const messages = sandbox.cloud.sql.database("messages");
    await messages.runScript("CREATE USER ann WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER ann");
    const target = "sql-dev/messages";
    await open(page, `/access?target=${target}`);
    await button(page, `Read ${target} now`).click();
    await page.getByText("ann", { exact: true }).waitFor();
    await page.getByText("db_datareader", { exact: true }).waitFor();
    await look(page, "access-others");
    sandbox.cloud.faults.add({ wire: "sql", effect: { kind: "error", code: 40613 } });
    await button(page, `Read ${target} now`).click();
    await page.getByText(`${target} cannot be read`).waitFor();
    sandbox.cloud.faults.clear();
    await messages.runScript("DROP USER ann");
  });

  it("offboards, and ignores dependants only if asked to", async ({ page, service }) => {
    await onboard(service, "leaving");
    await open(page, `/namespaces/${cluster}/leaving`);
    await button(page, "Offboard …").click();
    await dialog(page)
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    await look(page, "offboard");
    const planned = page.waitForRequest((each) => each.url().endsWith("?ignoreDependants=true&dryRun=true"));
    await dialog(page)
      .getByLabel(/^Ignore dependants/)
      .check();
    await planned;
    await dialog(page)
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    const sent = changeBy(page, "DELETE /api/namespaces/{cluster}/{namespace}");
    await button(page, "Offboard").click();

    expect(new URL((await sent).url()).search).toBe("?ignoreDependants=true");
    await heading(page, `Offboard ${cluster}/leaving`);
    // The page says when its namespace has been removed in the meantime.
    await page
      .getByRole("link", { name: `${cluster}/leaving` })
      .first()
      .click();
    await page.getByText("This does not exist, or you may not see it.").waitFor();
  });

  it("offers no migration but to what the cluster has", async ({ page, service }) => {
    await service.waitFor(await service.onboard(request("staying")));
    const modes = ["workloadIdentity", "podIdentity"];
    await page.route("**/api/catalog", async (route) => {
      const response = await route.fetch();
      const { clusters, ...rest } = await response.json();
      const those = clusters.map((each: object) => ({ ...each, identityModes: modes }));
      await route.fulfill({ response, json: { ...rest, clusters: those } });
    });
    await open(page, `/namespaces/${cluster}/staying`);
    await button(page, "Migrate …").waitFor();

    expect(await page.getByRole("combobox", { name: /^to/ }).locator("option").allInnerTexts()).toEqual([
      "pod identity",
    ]);

    modes.pop();
    await page.reload();
    await button(page, "Offboard …").waitFor();
    expect(await button(page, "Migrate …").count()).toBe(0);
  });

  it("migrates, stops after a phase, and continues from there", async ({ page, service }) => {
    await service.waitFor(await service.onboard(request("moving", { identityMode: "podIdentity" })));
    const { body } = await service.call("POST", `/api/namespaces/${cluster}/moving/migrate`, { until: "verify" });
    await service.waitFor(String(body["id"]));
    await open(page, `/namespaces/${cluster}/moving`);
    await page.locator(".stepper [aria-current=step]").getByText("Cut over").waitFor();
    await look(page, "namespace-migration");

    await button(page, "Continue …").click();
    await dialog(page)
      .getByText(/would change something|find nothing to do/)
      .waitFor();
    const sent = changeBy(page, "POST /api/namespaces/{cluster}/{namespace}/migrate");
    await button(page, "Continue").click();

    expect((await sent).headers()["if-match"]).toMatch(/^".+"$/);
    await heading(page, `Migrate ${cluster}/moving`);
    await operationStatus(page, "Succeeded").waitFor({ timeout: 30_000 });
    await page
      .getByRole("link", { name: `${cluster}/moving` })
      .first()
      .click();
    await page.getByText("Workload identity", { exact: true }).waitFor();
  });

  it("acts on all that pass the filters as previewed, and shows each outcome", async ({ page, service }) => {
    await onboard(service, "chosen", "passed-over");
    await open(page, "/namespaces?q=chosen");
    await page.getByText(/^1 of \d+ namespaces$/).waitFor();
    await button(page, "Verify …").click();
    await dialog(page).getByText("1 namespace: 1 would run", { exact: false }).waitFor();
    await look(page, "bulk");
    const sent = changeBy(page, "POST /api/namespaces/batch");

    await button(page, "Verify them").click();

    await heading(page, "Batch: verify 1 namespace");
    await operationStatus(page, "Succeeded").waitFor();
    expect((await sent).postDataJSON()).toEqual({ action: "verify", namespaces: [{ cluster, namespace: "chosen" }] });
  });

  it("acts on many only as previewed", async ({ page, service }) => {
    await onboard(service, "previewed");
    await open(page, "/namespaces?q=previewed");
    await button(page, "Verify …").click();
    await dialog(page).getByText("1 would run", { exact: false }).waitFor();
    const changed = request("previewed", { databases: [database("messages", "reader", "writer")] });
    await service.waitFor(await service.onboard(changed));
    await button(page, "Verify them").click();
    await outdated(page).waitFor();
    await button(page, "Show the current state").click();
    await dialog(page).getByText("1 would run", { exact: false }).waitFor();
    await button(page, "Verify them").click();
    await heading(page, "Batch: verify 1 namespace");
    await operationStatus(page, "Succeeded").waitFor();
  });

  it("verifies and offboards only the version that was seen", async ({ page, service }) => {
    await onboard(service, "seen");
    const path = `/api/namespaces/${cluster}/seen`;
    // As on a page that gets no more updates.
    await page.route(`**${path}`, async (route) => {
      if (route.request().method() !== "GET") return await route.continue();
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), etag: '"before"' } });
    });
    await open(page, `/namespaces/${cluster}/seen`);
    await button(page, "Verify now").click();
    await outdated(page).waitFor();
    await look(page, "namespace-outdated");
    await button(page, "Offboard …").click();
    await dialog(page).getByText("This has changed since you looked", { exact: false }).waitFor();
    expect(await button(page, "Offboard").isDisabled()).toBe(true);
    await page.unroute(`**${path}`);

    await button(page, "Show the current state").last().click();

    const verified = changeBy(page, "POST /api/namespaces/{cluster}/{namespace}/verify");
    await button(page, "Verify now").click();
    await verified;
    await page.getByText("Everything matches the request.").waitFor();
    await button(page, "Offboard …").click();
    await button(page, "Offboard").click();
    await heading(page, `Offboard ${cluster}/seen`);
    await operationStatus(page, "Succeeded").waitFor();
  });
});
