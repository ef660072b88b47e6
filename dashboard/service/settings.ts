/** Settings in the HTML document. */
import type { DashboardSettings } from "../../src/domain/documents/dashboardSettings.ts";

function readSettings(): DashboardSettings {
  const content = document.querySelector<HTMLMetaElement>('meta[name="mooring-settings"]')?.content;
  return JSON.parse(content ?? "") as DashboardSettings;
}

export const settings = readSettings();

/** Whether callers have to sign in. */
export const tellsCallersApart = Object.keys(settings.signIn).length > 0;
