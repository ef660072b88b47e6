/** What a person requests with the form, who decides about it, and the operations and batches that follow. */
import { describe, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { serviceOf } from "../support/service.ts";
import { expectAccessible, expectToFit, heightOnPhone, takeScreenshots } from "./support/browser.ts";
import { changeBy } from "./support/changes.ts";
import { it } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import {
  button,
  dialog,
  heading,
  look,
  open,
  operationStatus,
  outdated,
  rowOf,
  signInWithEntra,
} from "./support/page.ts";
import { cluster, database, lanes, onboard, request, sqlServer, toApprove } from "./support/requests.ts";

describe.runIf(executable !== undefined)("operations", () => {
  it("onboards with a form that plans as it is filled in, and shows the operation live", async ({ page, sandbox }) => {
    await open(page, "/operations");
    await heading(page, "Operations");
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await heading(page, "New request");
    await look(page, "new-request-empty");
    await page.getByRole("textbox", { name: /^Namespace/ }).fill("Not A Name");
    await page
      .getByRole("group", { name: `${sqlServer}/messages` })
      .getByLabel("reader")
      .check();
    await page
      .getByRole("group", { name: /^uploads/ })
      .getByLabel("read", { exact: true })
      .check();
    await page.getByText("must be a DNS-1123 label", { exact: false }).first().waitFor();
    await look(page, "new-request-refused");
    await page.getByRole("textbox", { name: /^Namespace/ }).fill("formed");
    await page.getByText("steps", { exact: false }).first().waitFor();
    await page.getByText("mooring", { exact: true }).click();
    await page.getByText(`mooring onboard ${cluster}/formed`, { exact: false }).waitFor();
    await look(page, "new-request-planned");
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "delay", ms: 700 } });

    await button(page, "Onboard").click();

    await heading(page, `Onboard ${cluster}/formed`);
    await operationStatus(page, "Running").waitFor();
    // Nobody has loaded the page anew.
    await page.getByText("Add this to your Deployment:").waitFor();
    await button(page, "Copy the manifest").click();
    expect(await page.evaluate("navigator.clipboard.readText()")).toContain("namespace: formed");
    await page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))");
    await page.getByRole("button", { name: /the manifest$/ }).click();
    await page.getByText("Not copied", { exact: true }).waitFor();
    await page.locator("summary", { hasText: "Grant database" }).click();
    await page.locator(".step-body .differences ins").first().waitFor();
    await page.locator("summary", { hasText: "Grant target" }).getByText("uploads").waitFor();
    await look(page, "operation-succeeded");
  });

  it("shows what failed, why, what to do about it, and what was undone", async ({ page, sandbox, service }) => {
    await onboard(service, "fine");
    const effect = { kind: "error", code: 15247 } as const;
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: Number.POSITIVE_INFINITY, effect });
    await open(page, "/operations");
    const [fine, failing] = ["fine", "failing"].map((name) => rowOf(page, `${cluster}/${name}`));
    await fine?.waitFor();
    // A new operation appears by itself.
    const { error } = await service.waitFor(await service.onboard(request("failing")));
    await failing?.getByText("Failed", { exact: true }).waitFor();
    await failing?.getByText(error?.code ?? "").waitFor();

    await button(page, "Failed").click();

    await expect.poll(() => fine?.count()).toBe(0);
    await look(page, "operations-failed");
    await failing?.locator("[data-row]").press("Enter");
    await heading(page, `Onboard ${cluster}/failing`);
    await page.getByText("undo", { exact: true }).first().waitFor();
    await look(page, "operation-failed");
    // A step has an address of its own.
    await button(page, "Copy the link to this step").first().click();
    await page.goto(String(await page.evaluate("navigator.clipboard.readText()")));
    await page.locator(".step.linked details[open]").getByText("SQL_FORBIDDEN").first().waitFor();
  });

  it("shows a running batch's progress, its remaining time, and what has failed so far", async ({
    page,
    sandbox,
    service,
  }) => {
    const waves = 5 * lanes;
    // The remaining time is there once ten have ended and until all have begun. It has to stay long enough for a slow page to show it.
    const fault = { wire: "sql", operation: "CREATE USER" } as const;
    sandbox.cloud.faults.add({ ...fault, times: 3 * lanes, effect: { kind: "delay", ms: 700 } });
    sandbox.cloud.faults.add({ ...fault, times: lanes, effect: { kind: "delay", ms: 8_000 } });
    const requests = Array.from({ length: waves }, (_, index) => request(`wave-${String(index).padStart(2, "0")}`));
    const held = await service.onboard(toApprove("wave-03"));
    const { body } = await service.call("POST", "/api/onboardings/batch", { requests });
    await open(page, `/operations/${String(body["id"])}`);
    const progress = page.getByRole("progressbar");
    const ended = async () => Number(await progress.getAttribute("aria-valuenow"));
    await expect.poll(ended, { timeout: 15_000 }).toBeGreaterThan(0);
    await button(page, "Failed only").click();
    // Further failures appear by themselves.
    await page.getByText("OPERATION_IN_PROGRESS").waitFor();
    await page.getByText(/^About .* to go: \d+ namespaces? have not begun\.$/).waitFor();
    await look(page, "batch-running");
    expect(await ended()).toBeLessThan(waves);

    await expect.poll(ended, { timeout: 30_000 }).toBe(waves);

    await page.locator(".summary").getByText("Failed", { exact: true }).waitFor();
    expect(await page.locator("[data-row]").allTextContents()).toEqual([`${cluster}/wave-03`]);
    await service.call("POST", `/api/operations/${held}/cancel`);
  });

  it("shows a batch's progress, and only its failed namespaces", async ({ page, service }) => {
    const held = await service.onboard(toApprove("held"));
    const requests = ["one", "two", "held", "three"].map((name) => request(name));
    const { body } = await service.call("POST", "/api/onboardings/batch", { requests });
    await open(page, "/batches");
    await page.getByRole("link", { name: "Batch: onboard 4 namespaces" }).click();
    await heading(page, "Batch: onboard 4 namespaces");
    await page.getByText("BATCH_INCOMPLETE").waitFor();
    await expect.poll(() => page.locator("nav [aria-current=page]").allInnerTexts()).toEqual(["Batches"]);
    await look(page, "batch");

    await button(page, "Failed only").click();

    await rowOf(page, `${cluster}/held`).getByText("OPERATION_IN_PROGRESS").waitFor();
    await expect.poll(() => page.locator("[data-row]").count()).toBe(1);
    expect(new URL(page.url()).searchParams.get("status")).toBe("Failed");
    expect(page.url()).toContain(String(body["id"]));
    await page.getByRole("link", { name: "Operations", exact: true }).click();
    await heading(page, "Operations");
    await expect.poll(() => page.locator("nav [aria-current=page]").allInnerTexts()).toEqual(["Operations"]);
    await service.call("POST", `/api/operations/${held}/cancel`);
  });

  it("removes access only when the person has ticked what goes", async ({ page, service }) => {
    const databases = [database("messages", "reader", "executor")];
    await service.waitFor(await service.onboard(request("lessened", { databases })));
    await open(page, `/namespaces/${cluster}/lessened`);
    await page.getByRole("link", { name: "Change", exact: true }).click();
    await heading(page, "New request");
    const messages = page.locator("fieldset.target").filter({ hasText: `${sqlServer}/messages` });
    await messages.getByLabel("executor", { exact: true }).uncheck();
    await page.getByText("Would remove access:").waitFor();
    await page.getByText(`executor on database ${sqlServer}/messages`).waitFor();
    await look(page, "request-removes");
    expect(await button(page, "Onboard").isDisabled()).toBe(true);

    await page.getByLabel("Remove this access").check();
    const sent = changeBy(page, "POST /api/onboardings");
    await button(page, "Onboard").click();

    expect(new URL((await sent).url()).search).toBe("?confirmRemoval=true");
    await heading(page, `Change ${cluster}/lessened`);
  });

  it("sends what it does not know unchanged", async ({ page }) => {
    const more = encodeURIComponent(JSON.stringify({ owner: "ann" }));
    await open(page, `/new?cluster=${cluster}&namespace=unknown&databases=${sqlServer}/messages=reader&more=${more}`);
    const planned = page.waitForRequest((each) => each.url().endsWith("dryRun=true"));
    await page.getByText("Also in the request, unchanged").waitFor();

    expect((await planned).postDataJSON()).toMatchObject({ namespace: "unknown", owner: "ann" });
  });

  it("requests only what was planned", async ({ page, service }) => {
    const address = `/new?cluster=${cluster}&namespace=seen-planned&databases=${encodeURIComponent(`${sqlServer}/messages=reader`)}`;
    await open(page, `${address}&serviceAccount=other`);
    await button(page, "Onboard").waitFor();
    await onboard(service, "seen-planned");

    await button(page, "Onboard").click();

    await outdated(page).waitFor();
    await look(page, "new-request-outdated");
    await button(page, "Show the current state").click();
    await button(page, "Onboard").waitFor();
    // Another service account takes the present one away.
    await page.getByLabel("Remove this access").check();
    await button(page, "Onboard").click();
    await heading(page, `Change ${cluster}/seen-planned`);
    await operationStatus(page, "Succeeded").waitFor();
  });

  it("links to the simulated cloud, where faults can be switched on and off and requests are listed", async ({
    page,
    service,
  }) => {
    await open(page, "/catalog");
    const opening = page.context().waitForEvent("page");
    await page.getByRole("link", { name: /^Cloud/ }).click();
    const cloud = await opening;
    await cloud.getByText("None: the cloud works normally.").waitFor();
    await cloud.getByLabel("Wire").first().selectOption("sql");
    await cloud.getByLabel("Operation").fill("CREATE USER");
    await cloud.getByLabel(/^Code/).fill("15247");
    await button(cloud, "Switch on").click();
    await cloud.getByText("sql CREATE USER", { exact: true }).waitFor();

    await onboard(service, "broken");

    await cloud.getByText("hit by fault", { exact: false }).first().waitFor();
    await expectAccessible(cloud, "cloud");
    await expectToFit(cloud, "cloud");
    await takeScreenshots(cloud, "cloud");
    await button(cloud, "Switch all off").click();
    await cloud.getByText("None: the cloud works normally.").waitFor();
    await button(cloud, "Refresh").click();
    await cloud.getByText("clusters (1)").click();
    await cloud.close();
  });

  it("lets a second person sign in with Entra and approve, and shows it to the first", async ({
    page,
    visit,
    service,
  }) => {
    const id = await service.onboard(toApprove("red-orders"));
    await open(page, `/operations/${id}`);
    await page.getByText("Another person must approve this.").waitFor();
    await look(page, "operation-waiting");
    const other = await visit();
    await open(other, "/approvals");
    await signInWithEntra(other, "approver");
    await heading(other, "Approvals");
    const card = rowOf(other, "red-orders");
    await card.getByText(`Database ${sqlServer}/orders needs approval.`).waitFor();
    await look(other, "approvals");
    const badge = other.locator(".menu .badge");
    await badge.waitFor({ state: "attached" });
    const headerHeight = await heightOnPhone(other.locator(".top"));

    const { width, height } = other.viewportSize() ?? { width: 1_280, height: 800 };
    await other.setViewportSize({ width, height: 220 });
    await button(other, "Approve …").click();
    await dialog(other)
      .getByRole("heading", { name: `Approve: Onboard ${cluster}/red-orders?` })
      .waitFor();
    expect(await other.evaluate("document.activeElement?.id")).toBe("change-title");
    await dialog(other)
      .getByText(/steps? of \d+ would change something/)
      .waitFor();
    expect(await button(other, "Approve").isDisabled(), "what is given has not been in view").toBe(true);
    await other.setViewportSize({ width, height });
    await dialog(other)
      .getByRole("listitem")
      .filter({ hasText: /red-\S+ gets reader on .*\/orders/ })
      .waitFor();
    await expect.poll(() => button(other, "Approve").isEnabled()).toBe(true);
    await look(other, "approve");
    await dialog(other)
      .getByLabel(/^Comment/)
      .fill("as agreed");
    const approved = changeBy(other, "POST /api/operations/{id}/approve");
    await button(other, "Approve").click();

    await approved;
    await other.getByText("Nothing is waiting for you.").waitFor();
    await badge.waitFor({ state: "detached" });
    expect(await heightOnPhone(other.locator(".top")), "what waits does not move the page").toBe(headerHeight);
    await look(other, "approvals-empty");
    await page.getByText("Approved by", { exact: false }).waitFor();
    await operationStatus(page, "Succeeded").waitFor();
    await page.getByText("The plan that was approved", { exact: false }).click();
    await page.locator(".plan-steps ins").getByText("granted").waitFor();
    await page.getByText("This is what the operation found when it asked for approval.", { exact: false }).waitFor();
    const rejected = await service.onboard(toApprove("red-rejected"));
    await open(other, `/operations/${rejected}`);
    // The waiting operation's page also shows its plan.
    await other.getByText(/^\d+ steps? of \d+ would change something/).waitFor();
    await look(other, "operation-to-approve");
    await button(other, "Reject …").click();
    await dialog(other).getByText("The operation has written nothing, and ends.").waitFor();
    await dialog(other)
      .getByLabel(/^Comment/)
      .fill("not this quarter");
    const sent = changeBy(other, "POST /api/operations/{id}/reject");
    await button(other, "Reject").click();
    await sent;
    await other.getByText("Rejected by", { exact: false }).first().waitFor();
    await other.getByText("not this quarter", { exact: false }).first().waitFor();
    expect((await service.waitFor(rejected)).error?.code).toBe("REJECTED");
    // The page says what the person may not do, and the browser stores only preferences.
    await open(other, "/new");
    await other.getByText("You may not send requests.").waitFor();
    await look(other, "new-request-forbidden");
    expect(await other.evaluate("Object.keys(localStorage)")).toEqual(["mooring.preferences"]);
    expect(await other.evaluate("JSON.stringify(sessionStorage)")).not.toContain("eyJ");
  });

  it("says when a person may not approve, and offers what their team may have", async ({ visit }) => {
    const rita = await visit();
    const asked: string[] = [];
    rita.on("request", (each) => asked.push(new URL(each.url()).pathname));
    await open(rita, "/approvals");
    await signInWithEntra(rita, "requester");

    await rita.getByText("You do not approve requests.").waitFor();
    const pages = rita.getByRole("navigation", { name: "Pages" });
    await pages.getByRole("link", { name: "New request" }).waitFor();
    expect(await pages.getByRole("link", { name: "Approvals" }).count()).toBe(0);
    expect(asked).not.toContain("/api/approvals");
    await look(rita, "approvals-forbidden");
    // A reload asks Entra again, because the token was not stored.
    await rita.reload();
    await rita.getByText("You do not approve requests.").waitFor();
    await open(rita, "/new");
    await rita.getByText("Your teams may use: red-*, shared-*").waitFor();
  });

  it("cancels after showing what that would do", async ({ page, service }) => {
    const id = await service.onboard(toApprove("canceled"));
    await expect.poll(async () => (await service.operation(id)).phase).toBe("awaitingApproval");
    await open(page, `/operations/${id}`);
    const sent = changeBy(page, "POST /api/operations/{id}/cancel");

    await button(page, "Cancel …").click();
    await dialog(page).getByText("It waits for approval, and has written nothing.").waitFor();
    await look(page, "cancel");
    await dialog(page)
      .getByLabel(/^Comment/)
      .fill("not needed");
    await button(page, "Cancel the operation").click();

    await operationStatus(page, "Canceled").waitFor();
    await page.getByText("not needed", { exact: false }).first().waitFor();
    await sent;
  });

  it("reruns failed undos once their obstacle is gone", async ({ page, sandbox, service }) => {
    const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
    for (const operation of [/^PUT .*federatedIdentityCredentials$/, /^DELETE .*userAssignedIdentities$/]) {
      sandbox.cloud.faults.add({ wire: "arm", operation, times: Number.POSITIVE_INFINITY, effect });
    }
    const id = await service.onboard(request("left"));
    await open(page, `/operations/${id}`);
    await page.getByText("Left undone:").waitFor();
    await page.getByText("Compensate on the operation's page", { exact: false }).first().waitFor();
    await look(page, "operation-left-undone");
    sandbox.cloud.faults.clear();

    await button(page, "Compensate …").click();
    await dialog(page).getByText("1 step of 1 would change something.").waitFor();
    const sent = changeBy(page, "POST /api/operations/{id}/compensate");
    await button(page, "Compensate").click();

    await sent;
    await heading(page, `Compensate ${cluster}/left`);
    await operationStatus(page, "Succeeded").waitFor();
    await page.getByRole("link", { name: "the operation whose undos it runs again" }).click();
    await heading(page, `Onboard ${cluster}/left`);
  });

  it("decides only about the version that was seen: reports a change, shows the current version, and continues", async ({
    page,
    sandbox,
    service,
  }) => {
    const wanted = toApprove("seen-decided");
    sandbox.cloud.serviceBus.queue(names.queue).send({ body: wanted });
    await open(page, "/operations?namespace=seen-decided");
    await rowOf(page, "seen-decided").getByText("Waiting", { exact: false }).waitFor();
    await page.locator("[data-row]").first().click();
    await button(page, "Reject …").click();
    await dialog(page).getByText("The operation has written nothing, and ends.").waitFor();
    const [id = ""] = /[\w-]+$/.exec(new URL(page.url()).pathname) ?? [];
    const { approval } = (await service.operation(id)) as object as { approval: { requestHash: string } };
    const second = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
    await second.call("POST", `/api/operations/${id}/approve`, { requestHash: approval.requestHash });

    await button(page, "Reject").click();

    await outdated(page).waitFor();
    await dialog(page).getByText("waits for approval and has 1 of 2", { exact: false }).waitFor();
    expect(await button(page, "Reject").isDisabled()).toBe(true);
    await look(page, "outdated");
    await button(page, "Show the current state").click();
    await page.getByText("1 of 2: key:approver").waitFor();
    await button(page, "Reject …").click();
    await button(page, "Reject").click();
    await page.getByText("Rejected by", { exact: false }).first().waitFor();
  });
});
