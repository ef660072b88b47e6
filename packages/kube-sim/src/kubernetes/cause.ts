/** One problem with an object, as a Status lists it. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}
