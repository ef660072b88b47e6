/** An instance as the management API shows it. */
import type { InstanceRow } from "../records.ts";

export interface StatusView {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly customStatus: unknown;
  readonly output: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

export function viewStatus(row: InstanceRow, { showInput }: { readonly showInput: boolean }): StatusView {
  return {
    name: row.name,
    instanceId: row.id,
    runtimeStatus: row.status,
    // The SDK requires the property.
    input: showInput ? readValue(row.input) : null,
    customStatus: readValue(row.customStatus),
    output: readValue(row.output),
    createdTime: wholeSeconds(row.created),
    lastUpdatedTime: wholeSeconds(row.updated),
  };
}

export function readValue(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    // A failure's output is its message, not JSON; Azure shows it unchanged.
    return text;
  }
}

function wholeSeconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
