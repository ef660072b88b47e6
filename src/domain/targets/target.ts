import type { FieldProblem } from "../fieldProblem.ts";

/** Names of the steps that give a namespace its access to a target and take it away again. */
export interface TargetSteps<Name extends string = string> {
  /** Gives what the request asks for. */
  readonly grant: Name;
  /** Takes back what a change asks for no more of a target that stays. */
  readonly narrow: Name;
  /** Takes back all, of a target that a change leaves out. */
  readonly retire: Name;
  /** Takes back all, in an offboarding; also the undo of `grant`. */
  readonly revoke: Name;
}

export interface DanglingName {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Everything that is known of a kind of target outside Azure. Each function takes a whole request, catalog, team or rule and
 * reads the fields of its own kind in it; so whoever goes over all kinds need not know any of them.
 */
export interface TargetKind<Request, Catalog, Rights, Rule, Policy, Step extends string = string> {
  /** In the singular, for people. */
  readonly noun: string;
  readonly steps: TargetSteps<Step>;
  /** The targets of a request, in its order; each by the text that its steps and findings have as their target. */
  keys(request: Request): readonly string[];
  /** What the earlier request has and the new one does not, or has less of. */
  replaced(
    request: Request,
    earlier: Request,
  ): { readonly removed: readonly string[]; readonly narrowed: readonly string[] };
  /** The fields as they enter the hash of a request: in what order targets and roles stand does not count. */
  canonical(request: Request): Partial<Request>;
  /** What the catalog does not know or allow. */
  problems(catalog: Catalog, request: Request): readonly FieldProblem[];
  /** What a team may not ask for. */
  refusals(team: Rights, request: Request): readonly FieldProblem[];
  /** The approval rules for everybody, one for each list in the catalog. */
  rules(policy: Policy): readonly Rule[];
  /** What the rule means in the request, for people; undefined when the rule names nothing of this kind. */
  approvals(rule: Rule, request: Request, place: string): readonly string[] | undefined;
  /** Names in the catalog's policy, in a team's rights or in its rules that nothing in the catalog has. */
  danglingInPolicy(policy: Policy, catalog: Catalog): readonly DanglingName[];
  danglingInRights(team: Rights, catalog: Catalog): readonly DanglingName[];
  danglingInRule(rule: Rule, catalog: Catalog): readonly DanglingName[];
}
