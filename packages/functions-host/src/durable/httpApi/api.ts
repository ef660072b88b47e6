/** What the handlers of the management API share. */
import type { instanceLinks } from "../clientPayload.ts";
import type { Engine } from "../engine.ts";
import type { Management } from "../management.ts";

export interface Api {
  readonly engine: Engine;
  readonly management: Management;
  readonly links: (id: string) => ReturnType<typeof instanceLinks>;
}

/** The header for the position in a list, in requests and answers. */
export const continuationHeader = "x-ms-continuation-token";
