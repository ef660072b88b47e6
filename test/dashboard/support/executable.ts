/** Where there is no Chromium, no page is opened, and the report of the run says so. */
import { findChromium } from "./browser.ts";

export const executable = findChromium();
