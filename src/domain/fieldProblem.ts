export interface FieldProblem {
  /** JSON pointer into the request (RFC 6901). */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}
