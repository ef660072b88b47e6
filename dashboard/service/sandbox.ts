/** Whether there is a simulated cloud to look into: a sandbox answers below /sandbox, and anything else says 404. */
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
