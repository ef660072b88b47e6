import type { RefusalCode } from "../errors.ts";
import type { Expiry } from "../expiry.ts";

/** Names of the steps that give a namespace access to a target and revoke it. */
export interface TargetSteps<Name extends string = string> {
  /** Gives what the request asks for. */
  readonly grant: Name;
  /** Revokes what a change no longer asks for, on a target that stays. */
  readonly narrow: Name;
  /** Revokes everything, on a target that a change leaves out. */
  readonly retire: Name;
  /** Revokes everything in an offboarding; also the undo of `grant`. */
  readonly revoke: Name;
}

/** What a request asks for on one target. */
export interface WantedThere {
  /** The text that is the target of its steps and findings. */
  readonly key: string;
  /** What it gives, for people: such as `reader`. */
  readonly access: readonly string[];
  /** When access ends, apart from the end of the whole request. */
  readonly expiry: Expiry;
  /** JSON Pointer in the request. */
  readonly pointer: string;
}

/** Why the catalog refuses a target of a request. */
export interface Refused {
  /** Of the target's entry. */
  readonly field: string;
  readonly code: RefusalCode;
  readonly detail: string;
  /** The same for whoever may see all of the catalog, or may ask for this. */
  readonly full: string;
}

/** What a team may ask for on a target, and where its rights say so. */
export interface Right {
  readonly path: readonly string[];
  readonly key: string;
  readonly words: readonly string[];
}

/** What an approval rule names. */
export interface Ruled {
  readonly names?: readonly string[] | undefined;
  readonly words?: readonly string[] | undefined;
}

/** What a namespace's record remembers of the places of its targets, as far as it tells whether the catalog has moved one. */
export interface Remembered {
  readonly servers?: Readonly<Record<string, { readonly resourceId: string }>> | undefined;
  /** The newest first. */
  readonly places?: Readonly<Record<string, readonly { readonly kind: string }[]>> | undefined;
}

export interface DanglingName {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
