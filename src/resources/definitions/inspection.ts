import type { Finding } from "../../domain/finding.ts";
import type { KnownThing } from "../../domain/naming/ownership.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity } from "../../ports.ts";

/** What a reading back is told. */
export interface Inspection {
  readonly request: OnboardingRequest;
  /** Of the identity, when the namespace was onboarded; undefined when that never came so far. */
  readonly clientId: string | undefined;
  /** Of the Kubernetes namespace, when it was onboarded. */
  readonly namespaceUid?: string | undefined;
  /** A migration has both identity modes side by side, and neither is in the way of the other. */
  readonly isMigrating?: boolean;
  /** What the namespace's record knows of its things; asked for after the reading. */
  readonly things?: readonly KnownThing[] | undefined;
}

/** A thing that is there, and that may carry a mark of Mooring's. */
export interface SeenThing extends Pick<KnownThing, "thing"> {
  /** Undefined when it could not be told from another of its name. */
  readonly id: string | undefined;
  /** As it is on the thing; undefined when there is none. */
  readonly mark: string | undefined;
  /** Where the mark belongs. */
  readonly field: string;
}

/** What each resource is told besides: the identity that is there. */
export interface InspectionInput extends Inspection {
  /** That a token has now: of the identity that is there or, when it is gone, of the one that was. */
  readonly clientId: string;
  readonly identity: ManagedIdentity | undefined;
  /** Takes down every thing that is there, with its mark. */
  readonly note: (seen: SeenThing) => void;
}

/** Readings of one target are refused as one: what cannot be read is one finding, and not one for each object. */
export interface Reading {
  readonly target: string;
  readonly read: () => Promise<readonly Finding[]>;
}
