import type { RefusalCode } from "./errors.ts";

export interface FieldProblem {
  /** JSON pointer into the request (RFC 6901). */
  readonly pointer: string;
  readonly code: RefusalCode;
  readonly detail: string;
}
