import type { Expiry } from "../expiry.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import type { Destination } from "./reach.ts";

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

/**
 * Everything that is known about a kind of target without calling Azure. Each function takes a whole request, catalog, team or
 * rule and reads the fields of its own kind, so code that iterates over all kinds need not know any of them.
 */
export interface TargetKind<Request, Catalog, Rights, Rule, Policy, Step extends string = string> {
  /** In the singular, for people. */
  readonly noun: string;
  readonly steps: TargetSteps<Step>;
  /** The targets of a request, in its order; each as the text that is the target of its steps and findings. */
  keys(request: Request): readonly string[];
  /** What the request gives on a target, for people: such as `reader`. */
  access(request: Request, key: string): readonly string[];
  /** What a target of the earlier request no longer gives with the new one, for people: such as `reader`. */
  lost(request: Request, earlier: Request, key: string): readonly string[];
  /** Targets of the earlier request that the new one does not have, or on which it asks for less. */
  replaced(
    request: Request,
    earlier: Request,
  ): { readonly removed: readonly string[]; readonly narrowed: readonly string[] };
  /** When access to each target ends, in the order of the request; apart from the end of the whole request. */
  expiries(request: Request): readonly TargetExpiry[];
  /** The request's targets with the expiry that `next` says; without those for which it says undefined. */
  revised(request: Request, next: (target: TargetExpiry) => Expiry | undefined): Partial<Request>;
  /** The targets of these requests, each as the first that has it says, with the access of `held` alone; without those that have none. */
  having(requests: readonly Request[], held: (key: string) => readonly string[]): Partial<Request>;
  /** The fields for the hash of a request: the order of targets and roles does not count. */
  canonical(request: Request): Partial<Request>;
  /** Of each target of the request, the field that names it and its environment; without what the catalog does not list. */
  places(catalog: Catalog, request: Request): readonly TargetPlace[];
  /** Where they are on the network, for a network policy; without what the catalog does not list. */
  destinations(catalog: Catalog, request: Request): readonly Destination[];
  /** The targets that the catalog lists. */
  listed(catalog: Catalog, request: Request): Partial<Request>;
  /** Targets that the catalog has elsewhere than where the namespace has them: nobody has asked for access there. */
  moved(catalog: Catalog, request: Request, remembered: Remembered): readonly string[];
  /** What the catalog does not know or allow; with what it has instead, unless that is nobody's business. */
  problems(catalog: Catalog, request: Request, isPrivate?: boolean): readonly FieldProblem[];
  /** What a team may not ask for. */
  refusals(team: Rights, request: Request): readonly FieldProblem[];
  /** The approval rules for everybody, one for each list in the catalog. */
  rules(policy: Policy): readonly Rule[];
  /** What the rule applies to in the request, for people; undefined if the rule names nothing of this kind. */
  approvals(rule: Rule, request: Request, place: string): readonly string[] | undefined;
  /** Names in the catalog's policy, in a team's rights or in its rules that refer to nothing in the catalog. */
  danglingInPolicy(policy: Policy, catalog: Catalog): readonly DanglingName[];
  danglingInRights(team: Rights, catalog: Catalog): readonly DanglingName[];
  danglingInRule(rule: Rule, catalog: Catalog): readonly DanglingName[];
}
