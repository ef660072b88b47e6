/** What the contract of all families has to know of one: what a request asks for, what is then there, and what people do to it. */
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import type { FindingCode } from "../../src/domain/finding.ts";
import type { PrincipalId } from "../../src/domain/naming/identityPair.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { TargetKindName } from "../../src/domain/targets/index.ts";
import type { ManagedIdentity } from "../../src/ports/identities.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

/** What a request asks for, and everything that is then given, a text for each right of each user. */
export interface Asked {
  readonly request: OnboardingRequest;
  readonly given: readonly string[];
}

interface Drift {
  readonly found: readonly FindingCode[];
  /** How many repair it; one if it is left out. */
  readonly writes?: number;
  /** Somebody else has given that: a repair leaves it. */
  readonly isOthers?: true;
  change(): void;
}

/** On a cloud of its own. */
export interface World {
  readonly cloud: FakeCloud;
  /** What anybody has there now; `whose` says `ours` for the identity, and the ID of anybody else. */
  given(): readonly string[];
  /** By the field that it changes. */
  drifts(): Readonly<Record<string, Drift>>;
  /** Somebody gives the identity all that `all` asks for. */
  lend(identity: ManagedIdentity): void;
  /** Takes all of it away, and runs the script; undefined where the model knows no such language, and the wire does it. */
  readonly byHand: ((script: { readonly tsql: string; readonly azureCli: string }) => void) | undefined;
}

export interface Family {
  readonly kind: TargetKindName;
  /** What its plan says while somebody else's access is there, and nothing may be adopted. */
  readonly conflict: string;
  /** What is found of an identity that was made anew. */
  readonly stale: FindingCode;
  readonly all: Asked;
  /** Less of the same; undefined where there is only one word. */
  readonly less: Asked | undefined;
  begin(): World;
}

export const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };

export function asking(wanted: object): OnboardingRequest {
  return OnboardingRequest.parse({ ...namespaceRef, ...wanted });
}

export function cloudWith(targets?: Catalog["targets"]): FakeCloud {
  return createFakeCloud(targets ? { targets } : {});
}

export function whoseIn({ identities }: FakeCloud): (principalId: PrincipalId | string) => string {
  const own = [...identities.values()].map(({ principalId }) => principalId);
  return (principalId) => (own.some((each) => each === principalId) ? "ours" : principalId);
}

export function only<T>(values: Iterable<T>): T {
  const [first] = values;
  if (first === undefined) throw new Error("there is none");
  return first;
}

/** `--role x` */
export function flagOf(line: string, name: string): string {
  return new RegExp(`--${name} (\\S+)`).exec(line)?.[1] ?? "";
}
