/** Whether the service has a simulated cloud to show: a sandbox answers below /sandbox; any other service answers 404. */
import { signal } from "@preact/signals";

export const hasSandbox = signal(false);

export async function lookForSandbox(): Promise<void> {
  try {
    const response = await fetch("/sandbox/faults");
    hasSandbox.value = response.ok && (response.headers.get("content-type") ?? "").includes("json");
  } catch {
    hasSandbox.value = false;
  }
}
