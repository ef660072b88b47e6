/** A real Chromium, from PLAYWRIGHT_CHROMIUM or from the distribution. Nothing is downloaded. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { watchChanges } from "./changes.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Returns its path, or the reason why there is none. */
export function findChromium(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): { readonly executable: string } | { readonly reason: string } {
  const { PLAYWRIGHT_CHROMIUM: named, PATH: path = "" } = environment;
  if (named) {
    return existsSync(named)
      ? { executable: named }
      : { reason: `PLAYWRIGHT_CHROMIUM is "${named}", where nothing is.` };
  }
  const candidates = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    path.split(delimiter).map((folder) => join(folder, name)),
  );
  const executable = candidates.find((candidate) => existsSync(candidate));
  if (executable !== undefined) return { executable };
  return { reason: "there is no Chromium on the PATH; install it, or name one in PLAYWRIGHT_CHROMIUM." };
}

export async function startBrowser(executablePath: string): Promise<Browser> {
  // Chromium's own sandbox needs rights that a container lacks; only the pages of this checkout are opened.
  return await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export interface Pages {
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  newPage(of: BrowserContext): Promise<Page>;
  /** What no page may cause: errors, dialogs, policy violations, and changes that lack a header. */
  readonly complaints: string[];
}

/** Pages of the service at this address. */
export function openPages(browser: Browser, baseURL: string): Pages {
  const complaints: string[] = [];
  return {
    complaints,
    async newContext(options = {}) {
      const fresh = await browser.newContext({
        baseURL,
        // The simulated Entra has a certificate of the sandbox's own authority.
        ignoreHTTPSErrors: true,
        viewport: { width: 1280, height: 800 },
        reducedMotion: "reduce",
        permissions: ["clipboard-read", "clipboard-write"],
        ...options,
      });
      fresh.setDefaultTimeout(15_000);
      watchChanges(fresh, (complaint) => complaints.push(complaint));
      return fresh;
    },
    async newPage(of) {
      const fresh = await of.newPage();
      fresh.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
      fresh.on("console", (message) => {
        // Only policy violations count; the page itself reports failed requests.
        if (/Content Security Policy|Trusted ?Type/i.test(message.text())) complaints.push(message.text());
      });
      fresh.on("dialog", (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      return fresh;
    },
  };
}

/** Fails if axe finds anything on the page, in light or in dark. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  // The page may have it from an earlier look.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe);
  const found: string[] = [];
  for (const theme of ["light", "dark"] as const) {
    await setTheme(page, theme);
    // Describing what passes, and bringing it here, would take a quarter of the time.
    const options = { resultTypes: ["violations"], ...(theme === "dark" ? { runOnly: ["color-contrast"] } : {}) };
    const violations = await page.evaluate(`axe.run(${JSON.stringify(options)}).then(({ violations }) => violations)`);
    for (const { id, nodes } of violations as readonly Violation[]) {
      found.push(...nodes.map(({ html, failureSummary }) => `${theme}: ${id}: ${html}\n${failureSummary}`));
    }
  }
  await setTheme(page, "system");
  if (found.length > 0) throw new Error(`axe, of ${name}:\n${found.join("\n")}`);
}

/** The dashboard by its own setting, and a page without one, such as the sandbox's, by the system's. */
async function setTheme(page: Page, theme: "light" | "dark" | "system"): Promise<void> {
  await page.emulateMedia({ colorScheme: theme === "system" ? null : theme });
  await page.evaluate(`document.documentElement.dataset.theme = "${theme}"`);
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const sizes = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
] as const;

/** A phone, and a laptop with a browser zoom of 200 %, which has half as many CSS pixels in each direction. */
const small = [sizes[0], { width: 640, height: 400 }] as const;

/** The element's height on a phone, in CSS pixels. */
export async function heightOnPhone(element: Locator): Promise<number> {
  const page = element.page();
  const before = page.viewportSize();
  await page.setViewportSize(sizes[0]);
  const height = (await element.boundingBox())?.height ?? 0;
  if (before) await page.setViewportSize(before);
  return height;
}

/** Nothing may overflow the page, neither on a small screen nor with text of twice the size. */
export async function expectToFit(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const size of small) {
    await page.setViewportSize(size);
    await expectNothingBeyond(page, `${name}, on ${size.width} px,`);
  }
  if (before) await page.setViewportSize(before);
  const session = await page.context().newCDPSession(page);
  // As set in the browser's settings, without zooming the page.
  await session.send("Page.setFontSizes", { fontSizes: { standard: 32, fixed: 26 } });
  const rootSize = Number.parseFloat(
    String(await page.evaluate("getComputedStyle(document.documentElement).fontSize")),
  );
  if (rootSize < 30) throw new Error(`text of twice the size leaves ${name} at ${rootSize} px`);
  await expectNothingBeyond(page, `${name}, with text of twice the size,`);
  await session.send("Page.setFontSizes", { fontSizes: { standard: 16, fixed: 13 } });
  await session.detach();
}

async function expectNothingBeyond(page: Page, name: string): Promise<void> {
  const beyond = (await page.evaluate(`[...document.querySelectorAll("main *, header *, dialog *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, .visually-hidden"))
    .map((each) => each.outerHTML.slice(0, 200))`)) as string[];
  if (beyond.length > 0) throw new Error(`${name} has something beyond the edge: ${beyond[0]}`);
}

/** Takes screenshots for people; MOORING_SCREENSHOTS names the folder. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  const folder = process.env["MOORING_SCREENSHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const before = page.viewportSize();
  for (const size of sizes) {
    await page.setViewportSize(size);
    await page.evaluate("scrollTo(0, 0)");
    for (const theme of ["light", "dark"] as const) {
      await setTheme(page, theme);
      await page.screenshot({ path: join(folder, `${name}-${size.width}-${theme}.png`) });
    }
  }
  await setTheme(page, "system");
  if (before) await page.setViewportSize(before);
}
