import type { NamespaceRef } from "../../domain/naming/names.ts";
import { printTagsMark, readTagsMark } from "../../domain/naming/ownership.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";

/** The tags, including Mooring's even if somebody removed them: the principal id is unique to the identity. */
export async function knownTags(
  ports: Pick<Ports, "registry">,
  namespaceRef: NamespaceRef,
  { name, principalId, tags }: ManagedIdentity,
): Promise<{ readonly tags: ManagedIdentity["tags"]; readonly lost?: ManagedIdentity["tags"] | undefined }> {
  if (printTagsMark(tags) !== undefined) return { tags };
  const lost = readTagsMark((await recordedMarks(ports, namespaceRef)(name, principalId)) ?? "");
  return { tags: { ...tags, ...lost }, lost };
}
