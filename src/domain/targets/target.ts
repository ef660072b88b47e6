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

export interface TargetPlace {
  /** JSON Pointer in the request. */
  readonly pointer: string;
  readonly key: string;
  readonly environment: string | undefined;
}

/** When access to a target ends, as its entry in the request says. */
export interface TargetExpiry {
  /** JSON Pointer in the request. */
  readonly pointer: string;
  readonly key: string;
  readonly expiry: Expiry;
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
