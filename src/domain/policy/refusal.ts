import type { RefusalCode } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";

export interface RefusalDetails {
  readonly errors?: readonly Omit<FieldProblem, "code">[];
  /** The operation that is in the way. */
  readonly operation?: string;
  /** WWW-Authenticate. */
  readonly challenge?: string;
  /** Allow: the methods that the path supports. */
  readonly allow?: string;
  readonly retryAfterSeconds?: number;
  /** ETag: the current one, which differs from the request's. */
  readonly etag?: string;
  /** What the request was about, if its address does not say so: for the audit trail, never part of the answer. */
  readonly about?: { readonly cluster: string; readonly namespace: string; readonly operation?: string };
}

/** A request is refused with this answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** The same refusal, with `reword` applied to the names of fields. */
  reworded(reword: (text: string) => string): Refusal {
    const { errors, ...details } = this.details;
    const named = errors ? { errors: errors.map(({ pointer, detail }) => ({ pointer: reword(pointer), detail })) } : {};
    return new Refusal(this.code, reword(this.message), { ...details, ...named }, { cause: this });
  }
}
