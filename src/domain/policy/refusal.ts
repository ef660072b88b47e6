import type { RefusalCode } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";

export interface RefusalDetails {
  readonly errors?: readonly Omit<FieldProblem, "code">[];
  /** The operation that stands in the way. */
  readonly operation?: string;
  /** WWW-Authenticate. */
  readonly challenge?: string;
  /** Allow: the methods that the path has. */
  readonly allow?: string;
  readonly retryAfterSeconds?: number;
  /** ETag: of what is there instead of what the request was about. */
  readonly etag?: string;
  /** What was asked for, where the address does not say it: for the audit trail, and never part of the answer. */
  readonly about?: { readonly cluster: string; readonly namespace: string; readonly operation?: string };
}

/** A request that is answered without being accepted. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** The same, with its fields named as `tell` does. */
  retold(tell: (text: string) => string): Refusal {
    const { errors, ...details } = this.details;
    const named = errors ? { errors: errors.map(({ pointer, detail }) => ({ pointer: tell(pointer), detail })) } : {};
    return new Refusal(this.code, tell(this.message), { ...details, ...named }, { cause: this });
  }
}
