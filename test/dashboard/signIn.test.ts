/** What everyone gets of the dashboard, and how a person signs in and out. Nobody asks for anything here: no list has an entry. */
import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { tokenOf } from "../support/people.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { it } from "./support/dashboard.ts";
import { executable } from "./support/executable.ts";
import { button, heading, look, open, signInWithEntra, signInWithKey } from "./support/page.ts";

const ask = (sandbox: SuiteSandbox, path: string, headers: Record<string, string> = {}) =>
  fetch(`${sandbox.url}${path}`, { headers });

describe("what is served", () => {
  it("is one document for every page, which is always revalidated and may load only its own files", async ({
    sandbox,
  }) => {
    const answers = await Promise.all(
      ["/dashboard", "/dashboard/", "/dashboard/namespaces/a/b"].map((path) => ask(sandbox, path)),
    );
    const [document, ...others] = await Promise.all(answers.map((answer) => answer.text()));
    const { headers } = answers[0] ?? new Response();

    expect(new Set(others)).toEqual(new Set([document]));
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const authority = new URL(sandbox.cloud.entra.issuer).origin;
    expect(headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${authority}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(document).not.toMatch(/<script(?![^>]*\bsrc=")|<style|\bstyle=|\bon\w+=|javascript:/);
    expect([...(document ?? "").matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)).toEqual([
      expect.stringMatching(/^\/dashboard\/assets\/icon-\w+\.svg$/),
      expect.stringMatching(/^\/dashboard\/assets\/main-\w+\.css$/),
      expect.stringMatching(/^\/dashboard\/assets\/main-\w+\.js$/),
    ]);
  });

  it("is compressed, is cached forever by the hash in its name, and has at most 60 KB of JavaScript", async ({
    sandbox,
  }) => {
    const document = await (await ask(sandbox, "/dashboard")).text();
    const [script = ""] = /\/dashboard\/assets\/main-\w+\.js/.exec(document) ?? [];

    const compressed = await ask(sandbox, script, { "accept-encoding": "gzip" });
    const code = Buffer.from(await compressed.arrayBuffer());

    expect(Object.fromEntries(compressed.headers)).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "gzip",
      "content-type": "text/javascript; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(60 * 1024);
    const plain = await ask(sandbox, script, { "accept-encoding": "identity" });
    expect([plain.headers.get("content-encoding"), Buffer.from(await plain.arrayBuffer()).equals(code)]).toEqual([
      null,
      true,
    ]);
    expect((await ask(sandbox, "/dashboard/assets/main-OLDHASH1.js")).status).toBe(404);
  });
});

describe.runIf(executable !== undefined)("signing in", () => {
  it("asks for a key when callers are distinguished, and says when it is wrong", async ({ visit, sandbox }) => {
    const page = await visit();
    await open(page, "/operations?status=Failed");
    await signInWithKey(page, "wrong");
    await page.getByRole("alert").getByText("This key is not in the catalog.").waitFor();
    await page.getByText("mooring sandbox token requester").waitFor();
    await look(page, "sign-in");

    await signInWithKey(page, sandbox.key ?? "");

    await heading(page, "Operations");
    // Still the page that was wanted, and the filter is told.
    await page.getByText("No operations match these filters.").waitFor();
    await button(page, "Remove the filter Status: Failed").click();
    expect(page.url()).toBe(`${sandbox.url}/dashboard/operations`);
    await page.getByText("No operations yet.").waitFor();
    await look(page, "operations-empty");
    for (const [path, told] of [
      ["batches", "No batches yet."],
      ["batches?status=Failed", "No batches match these filters."],
      ["audit", "No audit entries yet."],
      ["audit?cluster=none", "No audit entries match these filters."],
    ]) {
      await open(page, `/${path}`);
      await page.getByText(told ?? "").waitFor();
      expect(await page.getByText("shown, newest first").count(), path).toBe(0);
    }
    await open(page, "/operations");
    await page.getByText("No operations yet.").waitFor();
  });

  it("accepts a pasted access token, and does not store it", async ({ visit, sandbox }) => {
    const person = await visit();
    await open(person, "/new");
    await signInWithKey(person, "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJub2JvZHkifQ.c2lnbmVk");
    await person.getByRole("alert").getByText("The service does not accept this token.").waitFor();
    await signInWithKey(person, await tokenOf(sandbox, { team: "red", role: "request" }));
    await person.getByText("Your teams may use: red-*, shared-*").waitFor();
    expect(await person.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")).not.toContain("eyJ");
    await person.reload();
    await person.getByLabel(/^Catalog key/).waitFor();
  });

  it("renews its token before it expires, and asks to sign in when Entra gives no new one", async ({ visit }) => {
    const person = await visit();
    await open(person, "/catalog");
    await signInWithEntra(person, "requester");
    await heading(person, "Catalog");
    const passAnHour = () => person.evaluate("(() => { const now = Date.now; Date.now = () => now() + 3_600_000; })()");
    const isRefresh = (each: { postData(): string | null }) => /grant_type=refresh_token/.test(each.postData() ?? "");
    const authorization = async (path: string) =>
      (await person.waitForRequest((each) => new URL(each.url()).pathname === path)).headers()["authorization"];
    const before = authorization("/api/operations");
    await person.getByRole("link", { name: "Operations" }).click();
    const first = await before;

    const refreshed = person.waitForRequest(isRefresh);
    await passAnHour();
    const after = authorization("/api/namespaces");
    await person.getByRole("link", { name: "Namespaces" }).click();

    await refreshed;
    expect(await after).toMatch(/^Bearer eyJ/);
    expect(await after).not.toBe(first);
    await heading(person, "Namespaces");
    // Entra stops renewing after a day; this simulates it, since the sandbox's day is not over.
    await person.route("**/oauth2/v2.0/token", (route) =>
      route.fulfill({
        status: 400,
        headers: { "access-control-allow-origin": "*" },
        contentType: "application/json",
        body: JSON.stringify({
          error: "invalid_grant",
          error_description: "AADSTS700084: the refresh token has ended.",
        }),
      }),
    );
    await passAnHour();
    await person.getByRole("link", { name: "Catalog" }).click();
    await person.getByText("Your sign-in has expired.").waitFor();
  });

  it("forgets the person after signing out", async ({ visit, sandbox }) => {
    const page = await visit();
    await open(page, "/operations");
    await signInWithKey(page, sandbox.key ?? "");
    await page.locator(".account summary").click();
    await look(page, "account");
    await button(page, "Sign out").click();
    await page.getByText("You have signed out of Mooring.").waitFor();
    await page.reload();
    await page.getByLabel(/^Catalog key/).waitFor();
    expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.toContain(sandbox.key ?? randomUUID());
  });
});
