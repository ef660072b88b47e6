import type { Finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import type { KnownThing } from "../../domain/naming/ownership.ts";
import type { IdentityMode, OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";

/** Whether a role in Azure is one of those that are meant. */
export type GaveRole = (role: RoleAssignment) => boolean;

/** The input of reading a namespace back. */
export interface Inspection {
  readonly request: OnboardingRequest;
  /** The identity's client id when the namespace was onboarded; undefined if no onboarding got that far. */
  readonly clientId: ClientId | undefined;
  /** The request that the current operation replaces: what it names is still there until the operation's end. */
  readonly earlier?: OnboardingRequest | undefined;
  /** The UID of the Kubernetes namespace when it was onboarded. */
  readonly namespaceUid?: string | undefined;
  /** During a migration its objects are there beside those of the request's mode, and neither counts as drift. */
  readonly modeBeside?: IdentityMode | undefined;
  /** The operation that asks has made the identity: what is left from before names another. */
  readonly isNew?: boolean | undefined;
  /** What cannot be read for now is a finding, too; otherwise it leaves the question open. */
  readonly findsUnread?: boolean;
  /** Other places are asked anew, too (application/readIndex.ts). */
  readonly isFresh?: boolean;
  /** What the namespace's record knows of its things; used after the reading. */
  readonly things?: readonly KnownThing[] | undefined;
}

/** An existing thing that may carry Mooring's mark. */
export interface SeenThing extends Pick<KnownThing, "thing"> {
  /** Undefined if nothing distinguishes it from another thing of the same name. */
  readonly id: string | undefined;
  /** As found on the thing; undefined if it has no mark. */
  readonly mark: string | undefined;
  /** Where the mark belongs. */
  readonly field: string;
}

/** What each resource also gets: what is known of the identity. */
export interface InspectionInput extends Inspection {
  /** The client id in tokens today: that of the existing identity or, if it is gone, of the one onboarded. */
  readonly clientId: ClientId;
  /** False when the identity is gone; that is a finding of its own. */
  readonly hasIdentity: boolean;
  /** For a reading that needs more of it than the client id: waiting for it costs a round trip. */
  readonly identity: Promise<ManagedIdentity | undefined>;
  /** Of the identity's roles in Azure: which are Mooring's, and which ones a look at another thing judges. */
  readonly gaveRole: GaveRole;
  readonly judgedRoles: () => Promise<GaveRole>;
  /** Records every thing found, with its mark. */
  readonly note: (seen: SeenThing) => void;
}

/** Readings of one target fail together: an unreadable target is one finding, not one for each object. */
export interface Reading {
  readonly target: string;
  readonly read: () => Promise<readonly Finding[]>;
  /** It looks for what another mode, or a guest, has left of an earlier identity. */
  readonly needsPast?: true;
  /** It looks where the requests name nothing. */
  readonly isElsewhere?: true;
}
