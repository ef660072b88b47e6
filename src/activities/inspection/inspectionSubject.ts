import type { OnboardingRequest } from "../../domain/request/request.ts";

/** What a reading back is told. */
export interface Inspection {
  readonly request: OnboardingRequest;
  /** Of the identity, when the namespace was onboarded; undefined when that never came so far. */
  readonly clientId: string | undefined;
  /** Of the Kubernetes namespace, when it was onboarded. */
  readonly namespaceUid?: string | undefined;
  /** A migration has both identity modes side by side, and neither is in the way of the other. */
  readonly isMigrating?: boolean;
}

/** What each look is told besides: the client id that a token has now. */
export interface Look extends Inspection {
  readonly clientId: string;
}
