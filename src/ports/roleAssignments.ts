/** Role assignments: Azure Resource Manager. */
import type { PrincipalId } from "../domain/naming/identityPair.ts";

export interface RoleAssignment {
  readonly id: string;
  /** `/subscriptions/…/roleDefinitions/<guid>`. */
  readonly roleDefinitionId: string;
  /** The holder of the role: a principal, or a group that it is in. */
  readonly principalId: string;
  /** `ServicePrincipal`, `Group`, `User`; Azure also has others. */
  readonly principalType?: string;
  readonly scope: string;
  /** Whoever made it may have said why, and may have limited it. */
  readonly description?: string;
  readonly condition?: string;
  /** Distinguishes it from a later one of the same name. */
  readonly createdTime?: string;
}

/** An assignment by its place: the scope at which it is made, and the GUID that is its name. */
export interface AssignmentRef {
  readonly scope: string;
  readonly name: string;
}

/** What a role permits: its actions, in which `*` stands for anything, minus `notActions`. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface RoleAssignments {
  /** The principal's assignments that apply at a scope: made there or above, to itself or to a group that it is in. */
  heldAt(scope: string, principalId: PrincipalId): Promise<readonly RoleAssignment[]>;
  /** What Mooring itself may do at a scope. */
  ownPermissions(scope: string): Promise<readonly Permission[]>;
  /** Assignments to the principal itself, anywhere in the subscription. */
  givenTo(principalId: PrincipalId, where: { readonly subscriptionId: string }): Promise<readonly RoleAssignment[]>;
  /** Everybody's that apply anywhere in the subscription. */
  givenIn(subscriptionId: string): Promise<readonly RoleAssignment[]>;
  /** The IDs of the subscriptions in which Mooring has a role, whatever it may read there. */
  subscriptions(): Promise<readonly string[]>;
  /** Assignments at this very scope, whoever holds them; undefined if what has the scope is gone. */
  madeAt(scope: string): Promise<readonly RoleAssignment[] | undefined>;
  /** Everybody's assignments that apply at a scope: made there or above; empty if what has the scope is gone. */
  applyingAt(scope: string): Promise<readonly RoleAssignment[]>;
  get(ref: AssignmentRef): Promise<RoleAssignment | undefined>;
  /**
   * Gives a managed identity the role, by the GUID of its definition, without a condition. Of an assignment that exists, only the
   * description and the condition change.
   */
  put(
    ref: AssignmentRef,
    given: { readonly roleId: string; readonly principalId: PrincipalId; readonly description: string },
  ): Promise<void>;
  /** No error when it is already gone. */
  remove(ref: AssignmentRef): Promise<void>;
  /** How many assignments the subscription has, and how many it can have. */
  usage(subscriptionId: string): Promise<{ readonly made: number; readonly limit: number }>;
}
