/** Flags that several commands share. */
import type { Flags } from "./flags.ts";

export const connectionFlags = {
  server: { value: "url", summary: "Address of the service (MOORING_SERVER; http://127.0.0.1:7071)" },
  context: {
    value: "name",
    summary: "A service named by `mooring config` (MOORING_CONTEXT)",
  },
  key: { value: "key", summary: "A key from the catalog (prefer MOORING_KEY: other users can see command lines)" },
  token: { value: "token", summary: "An access token for Mooring (prefer MOORING_TOKEN)" },
  audience: {
    value: "id",
    summary:
      "Get a token for this client ID of Mooring from Azure CLI, workload identity or similar (MOORING_AUDIENCE)",
  },
} as const satisfies Flags;

export const outputFlags = {
  output: {
    short: "o",
    value: "format",
    choices: ["json", "yaml", "wide", "name"],
    openChoices: ["jsonpath=", "custom-columns="],
    summary: "Print this instead of a table",
  },
} as const satisfies Flags;

export const helpFlags = { help: { short: "h", summary: "Show this help" } } as const satisfies Flags;

export const waitFlags = {
  wait: { summary: "Follow the operation to its end; its outcome is the exit code" },
  timeout: { value: "duration", summary: "Stop waiting after this time, such as 90s, 5m or 1h30m (no limit)" },
} as const satisfies Flags;

export const dryRunFlags = {
  "dry-run": { summary: "Print the plan and write nothing" },
} as const satisfies Flags;

export const conditionFlags = {
  "if-match": {
    value: "etag",
    summary: "Only if it has not changed: the etag that `-o json` shows, also with --dry-run; * if it exists at all",
  },
} as const satisfies Flags;

export const sortFlags = {
  "sort-by": { value: "path", summary: "Sort the list by this JSONPath, such as .namespace" },
} as const satisfies Flags;

export const commentFlags = {
  comment: { value: "text", summary: "A reason, kept with the decision" },
} as const satisfies Flags;
