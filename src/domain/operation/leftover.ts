/**
 * What an operation left after it had revoked access: it opens nothing, and could not be tidied up then. The watch tries again until
 * it is gone, also after the namespace's record is. Since 0.2.0.
 */
import type { NamespaceRef } from "../naming/names.ts";
import type { RememberedPlaces } from "../targets/namedTarget.ts";

export interface Leftover extends NamespaceRef {
  /** Whose `tidyUp` tries again: its key in resources/index.ts. A step of an offboarding, whose place the catalog had dropped, runs again. */
  readonly resource: "target" | "sqlUser" | "step";
  /** That of the step. */
  readonly target: string;
  /** Of a step its name and its input. */
  readonly place: RememberedPlaces[string][number];
  /** The one that left it. */
  readonly operation: string;
  readonly since: string;
  /** One sentence each. */
  readonly what: readonly string[];
}
