/** Flags that several commands have. */
import type { Flags } from "./flags.ts";

export const connectionFlags = {
  server: { value: "url", summary: "Address of the service (MOORING_SERVER; http://127.0.0.1:7071)" },
  context: {
    value: "name",
    summary: "A service that `mooring config` has named (MOORING_CONTEXT)",
  },
  key: { value: "key", summary: "A key of the catalog (better: MOORING_KEY, since others see a command line)" },
  token: { value: "token", summary: "An access token for Mooring (better: MOORING_TOKEN)" },
  audience: {
    value: "id",
    summary: "Get a token for this client id of Mooring by Azure CLI, workload identity or the like (MOORING_AUDIENCE)",
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

export const helpFlags = { help: { short: "h", summary: "Say this" } } as const satisfies Flags;

export const waitFlags = {
  wait: { summary: "Follow the operation to its end; its outcome is the exit code" },
  timeout: { value: "duration", summary: "Wait no longer than this: 90s, 5m, 1h30m (no limit)" },
} as const satisfies Flags;

export const dryRunFlags = {
  "dry-run": { summary: "Print the plan and write nothing" },
} as const satisfies Flags;

export const conditionFlags = {
  "if-match": {
    value: "etag",
    summary: "Only as it was seen: the etag that -o json shows, also of a --dry-run; * if it is there at all",
  },
} as const satisfies Flags;

export const sortFlags = {
  "sort-by": { value: "path", summary: "Sort what is listed by this JSONPath, such as .namespace" },
} as const satisfies Flags;

export const commentFlags = {
  comment: { value: "text", summary: "Kept with the decision, for whoever asks later" },
} as const satisfies Flags;
