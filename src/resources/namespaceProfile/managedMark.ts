/**
 * What Mooring remembers of a managed namespace that it wrote a profile into: for whom, since which operation, and of each field what was
 * there before and what it wrote. It is in the tags of the managed namespace, written with the fields themselves.
 */
import { z } from "zod";
import { type NamespaceRef, owner } from "../../domain/naming/names.ts";
import { type Ownership, ownerTags, readTags } from "../../domain/naming/ownership.ts";
import { type ManagedPart, managedParts } from "../../domain/profiles/managed.ts";

const Written = z.tuple([z.string().nullable(), z.string()]);

/** Of a field: what was there, or null; and what Mooring wrote. */
export type Written = z.infer<typeof Written>;

export type WrittenFields = { readonly [Part in ManagedPart]: Readonly<Record<string, Written>> };

export interface ManagedMark {
  readonly ownership: Ownership;
  readonly written: WrittenFields;
}

type Tags = Readonly<Record<string, string>>;

/** A tag holds 256 characters: each part has its own, and Pod Security labels are written without what all of them begin with. */
const tagOf: { readonly [Part in ManagedPart]: string } = {
  defaultResourceQuota: `${owner}-replaced-quota`,
  defaultNetworkPolicy: `${owner}-replaced-network`,
  labels: `${owner}-replaced-labels`,
};
const prefix = "pod-security.kubernetes.io/";

export function readManagedMark(tags: Tags): ManagedMark | undefined {
  const ownership = readTags(tags);
  return ownership && { ownership, written: byPart((part) => readPart(part, tags[tagOf[part]])) };
}

/** Those tags that are somebody else's, and the mark. */
export function withManagedMark(tags: Tags, namespaceRef: NamespaceRef, { ownership, written }: ManagedMark): Tags {
  const own = managedParts.flatMap((part) => {
    const fields = Object.entries(written[part]).map(([name, each]) => [shortName(part, name), each] as const);
    return fields.length > 0 ? [[tagOf[part], JSON.stringify(Object.fromEntries(fields))] as const] : [];
  });
  return { ...withoutManagedMark(tags), ...ownerTags(namespaceRef, ownership.operation), ...Object.fromEntries(own) };
}

export function withoutManagedMark(tags: Tags): Tags {
  const own = new Set([...Object.keys(ownerTags({ cluster: "", namespace: "" }, "")), ...Object.values(tagOf)]);
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !own.has(name)));
}

export function isEmptyRecord(written: WrittenFields): boolean {
  return managedParts.every((part) => Object.keys(written[part]).length === 0);
}

export function byPart<T>(make: (part: ManagedPart) => T): { readonly [Part in ManagedPart]: T } {
  return {
    defaultResourceQuota: make("defaultResourceQuota"),
    defaultNetworkPolicy: make("defaultNetworkPolicy"),
    labels: make("labels"),
  };
}

function readPart(part: ManagedPart, text: string | undefined): Readonly<Record<string, Written>> {
  try {
    const fields = z.record(z.string(), Written).parse(JSON.parse(text ?? "{}"));
    return Object.fromEntries(Object.entries(fields).map(([name, each]) => [fullName(part, name), each]));
  } catch {
    // Somebody edited the tag: what was there before is lost, and a guess would be worse than nothing.
    return {};
  }
}

function shortName(part: ManagedPart, name: string): string {
  return part === "labels" ? name.slice(prefix.length) : name;
}

function fullName(part: ManagedPart, name: string): string {
  return part === "labels" ? `${prefix}${name}` : name;
}
