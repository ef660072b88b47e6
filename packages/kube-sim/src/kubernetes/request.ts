/** A request as it arrives. */
import type { GrantCheck } from "./escalation.ts";

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As they arrived: name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The body as it arrived. */
  readonly bytes: Buffer;
  /** Why a body in protobuf cannot be read. */
  readonly undecodable?: string;
  /** Set once it is known. */
  readonly user?: string;
  /** Whether that user may give what a role gives. */
  readonly requireGrant?: GrantCheck;
}

/** One that is carried out, with the texts of its warnings. */
export type Carried = ApiRequest & { readonly warnings: string[] };
