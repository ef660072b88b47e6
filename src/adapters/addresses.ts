import { withoutAddresses } from "../domain/errors/addresses.ts";
import { logLine } from "../telemetry/logLine.ts";

/** What a caller is told of a failure; where that leaves something out, the log has all of it, beside what was told. */
export function hideAddresses(text: string, hosts: readonly string[] = []): string {
  const told = withoutAddresses(text, hosts);
  if (told !== text) console.warn(logLine("a failure in full", { told, text }));
  return told;
}
