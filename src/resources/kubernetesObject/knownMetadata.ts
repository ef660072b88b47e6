import {
  adoptedBy,
  type MarkedMetadata,
  ofInstallation,
  readMetadata,
  readMetadataMark,
} from "../../domain/naming/ownership.ts";
import type { ObjectMetadata, ObjectRef } from "../../ports/kubernetes.ts";
import type { RecordedMark } from "../definitions/recordedMark.ts";

export interface KnownMetadata {
  /** With the object's mark or, if that was removed, the one in the namespace's record. Another installation's is another namespace's. */
  readonly metadata: MarkedMetadata;
  readonly isMarkLost: boolean;
  /** It existed when the namespace was onboarded, and did not have to be changed. */
  readonly isAdoptedAsItWas: boolean;
}

export async function knownMetadata(
  { apiVersion, kind, metadata }: ObjectMetadata,
  recordedMark: RecordedMark,
): Promise<KnownMetadata> {
  const asItIs = { metadata, isMarkLost: false, isAdoptedAsItWas: false };
  const ownership = readMetadata(metadata);
  if (ownership?.installation !== undefined && recordedMark.installation) {
    const { id, takesOver } = await recordedMark.installation();
    if (ownership.installation === id) return asItIs;
    return takesOver ? { ...asItIs, isMarkLost: true } : { ...asItIs, metadata: ofInstallation(metadata) };
  }
  if (ownership || adoptedBy(metadata)) return asItIs;
  const recorded = await recordedMark(thingOf({ apiVersion, kind, ...metadata }), metadata.uid);
  if (recorded === undefined) return asItIs;
  // Whoever removed Mooring's mark from a namespace has taken it over: it is neither marked again nor deleted, which the cluster
  // would not let Mooring do either (infra/kubernetes/write-policy.yaml).
  const mark = kind === "Namespace" ? undefined : readMetadataMark(recorded);
  if (!mark) return { ...asItIs, isAdoptedAsItWas: true };
  const { labels, annotations } = mark;
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
    isMarkLost: true,
    isAdoptedAsItWas: false,
  };
}

/** An object as findings and the namespace's record name it; its namespace is that of the record. */
export function thingOf({ kind, name }: ObjectRef): string {
  return `${kind} ${name}`;
}

/** Whether it names an object: no identity, user or target has a space in its name. */
export function isObject(thing: string): boolean {
  return /^[A-Z]\w+ \S+$/.test(thing);
}
