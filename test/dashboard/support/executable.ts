/** The Chromium in which pages are opened. Without one, no page is opened, and the report says so. */
import { sayNotRun } from "test-support/notRun";
import { findChromium } from "./browser.ts";

const found = findChromium();
if ("reason" in found) sayNotRun(`no page of the dashboard was opened: ${found.reason}`);

export const executable = "executable" in found ? found.executable : undefined;
