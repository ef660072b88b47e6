/**
 * What a family of kinds knows of one place: how access is given there, revoked, read back and exported. The four steps and the
 * resource (target/steps.ts, resource.ts) are the same for all families; target/families.ts finds the one of a place. `Word` is what
 * requests say of access there.
 */

import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import type { Finding } from "../../domain/finding.ts";
import type { ClientId, IdentityPair, PrincipalId } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { Conflict, Difference, Notice, StepPlan } from "../../domain/operation/plan.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { Access } from "../../domain/targets/access.ts";
import type { PlaceOfTarget } from "../../domain/targets/namedTarget.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { InspectionInput } from "./inspection.ts";
import type { OtherAccess, Owners } from "./otherAccess.ts";
import type { Permit } from "./permit.ts";
import type { Obstacles } from "./preflight.ts";
import type { Recalled } from "./recordedMark.ts";
import type { Tidying } from "./tidying.ts";

/** What every question about a place knows: the marks of things that lost them, and whose a thing with a mark is. */
export interface About extends Recalled {
  readonly namespaceRef: NamespaceRef;
  /** The alias. */
  readonly target: string;
}

export interface Granting<Word = Access> extends About {
  readonly permit: Permit;
  readonly operation: string;
  readonly access: readonly Word[];
  readonly adoptionPolicy: AdoptionPolicy;
  /** Undefined until the identity exists. */
  readonly identity: IdentityPair | undefined;
  /** Revokes what Mooring gave and the request does not ask for. */
  readonly revokesSurplus: boolean;
  /** The namespace's record begins with the operation: an operator decides about what has its mark already. */
  readonly isFirst: boolean;
  /** It only looks. */
  readonly isPlan?: boolean;
}

export interface Revoking<Word = Access> extends About {
  /** What the namespace keeps there. */
  readonly keep: readonly Word[];
  /** Whether it keeps anything at the same resource, by whatever target. */
  readonly keepsResource: boolean;
  /** The watch asks: what earlier tidying left there counts, too. */
  readonly triesAgain?: boolean | undefined;
  /** Only what that operation gave. */
  readonly createdBy?: string | undefined;
  /**
   * In a plan in which access is granted there first: to whom, or undefined to an identity that does not exist yet. An earlier
   * identity's roles in Azure are gone by then; a role in a database is made anew with all that it had.
   */
  readonly granted?: { readonly to: IdentityPair | undefined } | undefined;
}

/** What is to be done in one place, and how. */
export interface Decision {
  readonly action: StepPlan["action"];
  readonly differences: readonly Difference[];
  readonly conflict?: Conflict | undefined;
  /** By what else the identity comes in there, which somebody else made: one sentence each. */
  readonly others?: readonly string[] | undefined;
  /** What somebody else gave it there, and it would keep: one sentence each. An offboarding leaves that as it was. */
  readonly lent?: readonly string[] | undefined;
  /** Whether a role is deleted by Azure Resource Manager, which a lock may forbid. */
  readonly deletesRoles?: boolean | undefined;
  /** In this order; empty if there is nothing to do. What revokes comes first. */
  readonly writes: readonly (() => Promise<void>)[];
  /** After the writes. No access depends on it, and it may fail: then something stays, and is named. */
  readonly tidying?: readonly Tidying[] | undefined;
  /** What will stay, as far as a look sees it: one sentence each. */
  readonly stays?: readonly string[] | undefined;
  /** Of what is given: what access leaves out, or what cannot be seen yet. */
  readonly notices?: readonly Notice[];
}

export interface Inspecting<Word = Access> extends About {
  readonly access: readonly Word[];
  /** That of the identity or, if it is gone, of the one onboarded. */
  readonly clientId: ClientId;
  /** Undefined if it is gone; waiting for it costs a round trip. */
  identity(): Promise<IdentityPair | undefined>;
  readonly note: InspectionInput["note"];
}

export interface Exporting<Word = Access> {
  readonly namespaceRef: NamespaceRef;
  readonly target: string;
  readonly access: readonly Word[];
  readonly clientId: ClientId;
  /** Undefined until the identity was read back. */
  readonly principalId: PrincipalId | undefined;
}

/** What requests ask for somewhere. */
export interface Asked {
  readonly place: PlaceOfTarget;
  readonly access: readonly Access[];
}

export interface Reaching {
  readonly namespaceRef: NamespaceRef;
  readonly principalId: PrincipalId;
  /** Everywhere; empty for all that the identity reaches. */
  readonly asked: readonly Asked[];
}

/** Preflight names it as an error, a verification as a finding. */
export type UnmetCondition =
  | { readonly is: "gone"; readonly resource: string }
  | { readonly is: "withoutRoles"; readonly resource: string; readonly property: string; readonly found: string };

/** What an identity can use somewhere. */
export interface Reached {
  /** With the resource: `role mooring-… (read) in books/ledger at /subscriptions/…` */
  readonly what: string;
  /** By name or mark, Mooring gave it for the namespace. */
  readonly isOurs: boolean;
  /** Where it is given: the target, or a place above or below it. */
  readonly place: PlaceOfTarget;
}

/** Methods, not functions: a family gets only the words that the catalog allows there. */
export interface TargetAt<Word = Access> {
  planGrant(ports: Ports, input: Granting<Word>): Promise<Decision>;
  planRevocation(ports: Ports, input: Revoking<Word>): Promise<Decision>;
  /** What differs from what the request asks for there. */
  inspect(ports: Ports, input: Inspecting<Word>): Promise<readonly Finding[]>;
  /** What keeps access there from having an effect, whatever is granted; undefined if nothing does. */
  unmet(ports: Ports): Promise<UnmetCondition | undefined>;
  /** What has to be true besides before the first write, whoever gets how much access. */
  preflight(ports: Ports, input: { readonly target: string }): readonly (() => Promise<Obstacles>)[];
  /** Where a lock forbids writes; undefined if Azure Resource Manager does not write there. */
  readonly lockScope: string | undefined;
  /** Who else can reach it, with what Mooring did not give for it. */
  others(ports: Ports, input: { readonly target: string; readonly owners: Owners }): Promise<readonly OtherAccess[]>;
  exported(input: Exporting<Word>): ExportedPart;
  /** What the identity has where the catalog no longer has the target; by default, what a revocation would take. */
  describeLeft?(ports: Ports, input: Inspecting<Word>): Promise<string>;
  /** What an offboarding left, one sentence each; by default, what a revocation would take. */
  remains?(ports: Ports, input: Revoking<Word>): Promise<readonly string[]>;
}

/** Of what the catalog lists in `targets`. Of databases, looks at all that an identity reaches know the rest (sqlDatabase/elsewhere.ts). */
export interface NamedTargetAt<Word = Access> extends TargetAt<Word> {
  /**
   * What the identity can use there by access of the target's own, whoever gave it, and no request asks for; `inspect` judges a place
   * that one names. Roles in Azure are looked for everywhere at once (identity/roles.ts).
   */
  reached(ports: Ports, input: Reaching): Promise<readonly Reached[]>;
  /** Whether a verification Job can tell that such access is in effect: whether a call that only reads needs it. */
  isProvable(access: readonly Word[]): boolean;
  /** When what was given last will be in effect everywhere, in milliseconds; undefined if it is at once. */
  effectiveFrom(ports: Ports, input: About & { readonly access: readonly Word[] }): Promise<number | undefined>;
  /** Whether `inspect` judges this role in Azure, so that it is no finding of the identity's. */
  judges(role: RoleAssignment): boolean;
}
