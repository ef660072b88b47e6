import { withoutAddresses } from "../domain/errors/addresses.ts";
import { logLine } from "../telemetry/logLine.ts";

/** The text of a failure that a caller may see. If it leaves something out, the log has both versions. */
export function hideAddresses(text: string, hosts: readonly string[] = []): string {
  const shown = withoutAddresses(text, hosts);
  if (shown !== text) console.warn(logLine("a failure in full", { shown, text }));
  return shown;
}
