/**
 * How Mooring recognizes its own. The mark is written in the same call as the thing itself, so a crash between an effect and its
 * record loses nothing; and an undo removes only what, according to the mark, this very operation created.
 */
import { z } from "zod";
import { defined } from "../defined.ts";
import { type NamespaceRef, namespaceKey, owner } from "./names.ts";

const namespaceTag = `${owner}-namespace`;
const operationTag = `${owner}-operation`;
const installationTag = `${owner}-installation`;

/** ARM tags of an identity that Mooring creates. */
export function ownerTags(
  namespaceRef: NamespaceRef,
  operation: string,
  installation?: string,
): Record<string, string> {
  return {
    [namespaceTag]: namespaceKey(namespaceRef),
    [operationTag]: operation,
    ...(installation === undefined ? {} : { [installationTag]: installation }),
  };
}

export const managedByLabel = "app.kubernetes.io/managed-by";
const namespaceAnnotation = "mooring.dev/namespace";
const operationAnnotation = "mooring.dev/operation";
const installationAnnotation = "mooring.dev/installation";
const adopterAnnotation = "mooring.dev/adopted-by";
const replacedAnnotation = "mooring.dev/replaced";

/** Labels and annotations of a Kubernetes object that Mooring creates. */
export function ownerMetadata(
  namespaceRef: NamespaceRef,
  operation: string,
  installation?: string,
): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: { [managedByLabel]: owner },
    annotations: {
      [namespaceAnnotation]: namespaceKey(namespaceRef),
      [operationAnnotation]: operation,
      ...(installation === undefined ? {} : { [installationAnnotation]: installation }),
    },
  };
}

/**
 * Annotations of an object that already existed: who adopted it, and its UID. If adopting it replaced values of someone else,
 * these too, so that they are restored when the object is given up.
 */
export function adopterMetadata(
  namespaceRef: NamespaceRef,
  operation: string,
  { uid, replaced = {} }: { readonly uid: string | undefined; readonly replaced?: object },
): ReturnType<typeof ownerMetadata> {
  const adopter = {
    [adopterAnnotation]: [namespaceKey(namespaceRef), operation, ...(uid === undefined ? [] : [uid])].join(" "),
  };
  const isNothing = Object.keys(replaced).length === 0;
  return {
    labels: {},
    annotations: isNothing ? adopter : { ...adopter, [replacedAnnotation]: JSON.stringify(replaced) },
  };
}

export interface Ownership {
  /** `cluster/namespace` of the namespace that it was created for. */
  readonly berth: string;
  /** The operation that created it. */
  readonly operation: string;
  /** The installation of Mooring that created it. Marks of earlier releases do not say. */
  readonly installation?: string | undefined;
}

export function readTags(tags: Readonly<Record<string, string>>): Ownership | undefined {
  return toOwnership(tags[namespaceTag], tags[operationTag], tags[installationTag]);
}

/** The metadata of a Kubernetes object that marks are read from. */
export interface MarkedMetadata {
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function readMetadata({ labels, annotations }: MarkedMetadata): Ownership | undefined {
  if (labels?.[managedByLabel] !== owner) return undefined;
  const by = annotations?.[installationAnnotation];
  return toOwnership(annotations?.[namespaceAnnotation], annotations?.[operationAnnotation], by);
}

/** The same, read as another namespace's: that of the installation which its mark names. */
export function ofInstallation({ annotations = {}, ...metadata }: MarkedMetadata): MarkedMetadata {
  const whose = `${annotations[namespaceAnnotation]} of installation ${annotations[installationAnnotation]}`;
  return { ...metadata, annotations: { ...annotations, [namespaceAnnotation]: whose } };
}

/** Also undefined if the mark was copied to another object. Marks of 0.1.0 do not say which object they were written to. */
export function adoptedBy({ uid, annotations }: MarkedMetadata): Ownership | undefined {
  const [fullName, operation, adopted] = annotations?.[adopterAnnotation]?.split(" ") ?? [];
  return adopted === undefined || adopted === uid ? toOwnership(fullName, operation) : undefined;
}

const Replaced = z.looseObject({ metadata: z.looseObject({}).optional() });

/** The part of the object that had other values before it was adopted. */
export function readReplaced({ annotations }: MarkedMetadata): z.infer<typeof Replaced> {
  try {
    return Replaced.parse(JSON.parse(annotations?.[replacedAnnotation] ?? "{}"));
  } catch {
    // Someone edited the annotation, so the replaced values are lost, and a guess would be worse than nothing.
    return {};
  }
}

function toOwnership(
  fullName: string | undefined,
  operation: string | undefined,
  installation?: string,
): Ownership | undefined {
  return fullName === undefined || operation === undefined
    ? undefined
    : { berth: fullName, operation, ...defined({ installation }) };
}

/** The extended property on a SQL user. */
const UserMark = z.object({
  berth: z.string(),
  /** The operation that created the user; null if the user already existed and was adopted. */
  operation: z.string().nullable(),
  /** The installation of Mooring that created or adopted it. Marks of earlier releases do not say. */
  installation: z.string().exactOptional(),
  /** Roles and permissions that Mooring granted, each with the operation that granted it. */
  grants: z.record(z.string(), z.string()),
});
export type UserMark = z.infer<typeof UserMark>;

export function printMark(mark: UserMark): string {
  return JSON.stringify(mark);
}

/** Which made the user, or gave it anything. */
export function operationsIn({ operation, grants }: UserMark): readonly (string | null)[] {
  return [operation, ...Object.values(grants)];
}

/** Undefined if there is no mark, or if it is not in Mooring's format. */
export function readMark(text: string | undefined): UserMark | undefined {
  if (text === undefined) return undefined;
  try {
    return UserMark.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The description of a role assignment: people read it in the portal. */
export function printRoleMark(namespaceRef: NamespaceRef, operation: string, installation?: string): string {
  const by = installation === undefined ? "" : `, installation ${installation}`;
  return `Mooring ${namespaceKey(namespaceRef)}, operation ${operation}${by}`;
}

/** Undefined if somebody wrote something else, or more. */
export function readRoleMark(description: string | undefined): Ownership | undefined {
  const written = /^Mooring (\S+), operation ([^\s,]+)(?:, installation (\S+))?$/.exec(description ?? "");
  const [, fullName, operation, installation] = written ?? [];
  return toOwnership(fullName, operation, installation);
}

/** What a namespace's record keeps about a thing of the namespace, to recognize it after someone has removed its mark. */
export const KnownThing = z.object({
  /** The name that findings use: an identity's, `Kind name`, or `server/database` for a user. */
  thing: z.string(),
  /** What distinguishes it from others of that name: principal ID, UID, or SID and time of creation. */
  id: z.string(),
  /** Its mark as one text; empty if it already existed and was adopted as it was. */
  mark: z.string(),
});
export type KnownThing = z.infer<typeof KnownThing>;

/** Adds the things that were not looked at this time, as they were last known. */
export function withUnseen(seen: readonly KnownThing[], before: readonly KnownThing[] = []): readonly KnownThing[] {
  return [...seen, ...before.filter(({ thing }) => !seen.some((each) => each.thing === thing))];
}

const TagsMark = z.record(z.string(), z.string());

/** The tags that mark an identity, as one text; undefined if it has no mark. */
export function printTagsMark(tags: Readonly<Record<string, string>>): string | undefined {
  const ownership = readTags(tags);
  if (!ownership) return undefined;
  const { berth, operation, installation } = ownership;
  return JSON.stringify(defined({ [namespaceTag]: berth, [operationTag]: operation, [installationTag]: installation }));
}

/** Undefined for the empty mark of an identity that was adopted as it was. */
export function readTagsMark(text: string): Readonly<Record<string, string>> | undefined {
  return text === "" ? undefined : TagsMark.parse(JSON.parse(text));
}

const MetadataMark = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});
export type MetadataMark = z.infer<typeof MetadataMark>;

/** Labels and annotations that mark an object, as one text; undefined if it has no mark. */
export function printMetadataMark(metadata: MarkedMetadata): string | undefined {
  const isCreated = readMetadata(metadata) !== undefined;
  if (!isCreated && !adoptedBy(metadata)) return undefined;
  const { annotations = {} } = metadata;
  const own = isCreated
    ? [namespaceAnnotation, operationAnnotation, installationAnnotation]
    : [adopterAnnotation, replacedAnnotation];
  const mark: MetadataMark = {
    labels: isCreated ? { [managedByLabel]: owner } : {},
    annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => own.includes(name))),
  };
  return JSON.stringify(mark);
}

/** Undefined for the empty mark of an object that was adopted as it was. */
export function readMetadataMark(text: string): MetadataMark | undefined {
  return text === "" ? undefined : MetadataMark.parse(JSON.parse(text));
}
