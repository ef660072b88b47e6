/**
 * How Mooring knows its own. The mark is written with the thing itself, in the same call, so a crash between an effect
 * and its record loses nothing; and an undo removes only what the mark says that this very operation created.
 */
import { z } from "zod";
import { type Berth, berthKey, owner } from "./names.ts";

const namespaceTag = `${owner}-namespace`;
const operationTag = `${owner}-operation`;

/** ARM tags of an identity that Mooring creates. */
export function ownerTags(berth: Berth, operation: string): Record<string, string> {
  return { [namespaceTag]: berthKey(berth), [operationTag]: operation };
}

const managedByLabel = "app.kubernetes.io/managed-by";
const namespaceAnnotation = "mooring.dev/namespace";
const operationAnnotation = "mooring.dev/operation";
const adopterAnnotation = "mooring.dev/adopted-by";
const replacedAnnotation = "mooring.dev/replaced";

/** Labels and annotations of a Kubernetes object that Mooring creates. */
export function ownerMetadata(
  berth: Berth,
  operation: string,
): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: { [managedByLabel]: owner },
    annotations: { [namespaceAnnotation]: berthKey(berth), [operationAnnotation]: operation },
  };
}

/**
 * Annotations of an object that was there before: who adopted it and, where values of somebody else were replaced, those
 * values, so that giving the object up puts them back.
 */
export function adopterMetadata(berth: Berth, operation: string, replaced: object = {}) {
  const adopter = { [adopterAnnotation]: `${berthKey(berth)} ${operation}` };
  const isNothing = Object.keys(replaced).length === 0;
  return {
    labels: {},
    annotations: isNothing ? adopter : { ...adopter, [replacedAnnotation]: JSON.stringify(replaced) },
  };
}

export interface Ownership {
  /** `cluster/namespace` of the namespace it was created for. */
  readonly berth: string;
  /** The operation that created it. */
  readonly operation: string;
}

export function readTags(tags: Readonly<Record<string, string>>): Ownership | undefined {
  return toOwnership(tags[namespaceTag], tags[operationTag]);
}

interface Metadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function readMetadata({ labels, annotations }: Metadata): Ownership | undefined {
  if (labels?.[managedByLabel] !== owner) return undefined;
  return toOwnership(annotations?.[namespaceAnnotation], annotations?.[operationAnnotation]);
}

export function adoptedBy({ annotations }: Metadata): Ownership | undefined {
  const [berth, operation] = annotations?.[adopterAnnotation]?.split(" ") ?? [];
  return toOwnership(berth, operation);
}

const Replaced = z.looseObject({ metadata: z.looseObject({}).optional() });

/** The part of the object that held other values before it was adopted. */
export function readReplaced({ annotations }: Metadata): z.infer<typeof Replaced> {
  try {
    return Replaced.parse(JSON.parse(annotations?.[replacedAnnotation] ?? "{}"));
  } catch {
    // Somebody edited the annotation: what was replaced is not known any more, and a guess is worse than nothing.
    return {};
  }
}

function toOwnership(berth: string | undefined, operation: string | undefined): Ownership | undefined {
  return berth === undefined || operation === undefined ? undefined : { berth, operation };
}

/** The extended property on a SQL user. */
const UserMark = z.object({
  berth: z.string(),
  /** The operation that created the user; null when the user was there before and is only lent. */
  operation: z.string().nullable(),
  /** Roles and permissions that Mooring gave, each with the operation that gave it. */
  grants: z.record(z.string(), z.string()),
});
export type UserMark = z.infer<typeof UserMark>;

export function printMark(mark: UserMark): string {
  return JSON.stringify(mark);
}

/** Undefined for no mark, and for one that is not Mooring's handwriting. */
export function readMark(text: string | undefined): UserMark | undefined {
  if (text === undefined) return undefined;
  try {
    return UserMark.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
