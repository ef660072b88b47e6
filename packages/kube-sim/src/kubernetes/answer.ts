/** What the API server answers a request: a document, or a stream. */
import type { ServerResponse } from "node:http";
import type { Json } from "azure-sim/json";

export interface Reply {
  readonly code: number;
  readonly body: Json;
  readonly headers?: Readonly<Record<string, string[]>>;
  readonly contentType?: string;
  /** Instead of the body: the same in another encoding. */
  readonly bytes?: Buffer;
}

export type Answer =
  | Reply
  | {
      readonly stream: (response: ServerResponse) => void;
      /** Lets go of what would be streamed, when nobody reads it. */
      readonly discard?: () => void;
    };
