import { anyIdentity, type IdentityPair } from "../../domain/naming/identityPair.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { Ownership } from "../../domain/naming/ownership.ts";
import { identityIdsOf } from "../../domain/operation/identities.ts";
import { operationsOf } from "../../domain/operation/lifecycle.ts";
import type { Ports } from "../../ports/index.ts";
import { currentIdentity } from "./knownIdentities.ts";
import type { Planning } from "./step.ts";

/**
 * The mark that a thing had when it was last inspected, found by the id that distinguishes it from any other of its name; empty
 * if the thing was adopted unchanged. Consulted for things without a mark: somebody may have removed it.
 */
export interface RecordedMark {
  (thing: string, id: string | undefined): Promise<string | undefined>;
  /** Which marks are this installation's own; those of another one, too, once an operator has decided that for the namespace. */
  readonly installation?: () => Promise<{ readonly id: string; readonly takesOver: boolean }>;
}

/** Answers from the namespace's record, which is read once, on the first call; a plan also knows what an operator decides now. */
export function recordedMarks(
  { registry }: Pick<Ports, "registry">,
  namespaceRef: NamespaceRef,
  { operator }: Pick<Planning, "operator"> = {},
): RecordedMark {
  const read = readOnce(registry, namespaceRef);
  const installation = async () => {
    const takesOver = operator?.adoptIdentity !== undefined;
    return { id: await registry.installation(), takesOver: takesOver || (await read())?.adoptIdentity !== undefined };
  };
  return Object.assign(markIn(read), { installation });
}

type Read = () => ReturnType<Ports["registry"]["getNamespace"]>;

function readOnce(registry: Ports["registry"], namespaceRef: NamespaceRef): Read {
  let reading: ReturnType<Read> | undefined;
  return () => {
    reading ??= registry.getNamespace(namespaceRef);
    return reading;
  };
}

function markIn(read: Read): RecordedMark {
  return async (thing, id) =>
    id === undefined ? undefined : (await read())?.things?.find((each) => each.thing === thing && each.id === id)?.mark;
}

/**
 * Whose a thing is that has the namespace's mark. A mark is a hint: anybody can copy it, and another installation of Mooring may have
 * a namespace of the same name. It is `ours` if an identity holds it that the record knows; `unrecorded` if an operator has to decide.
 */
export type Whose = "ours" | "unrecorded" | "others";

interface Evidence {
  /** Whether the identity with that client or principal ID has the thing. */
  readonly isHolder: (id: string) => boolean;
  /** Those that the mark names, where it is in a place that nobody copies, and the thing has a name that only one can have. */
  readonly operations?: readonly (string | null)[];
}

export type JudgeMark = (mark: Pick<Ownership, "berth" | "installation">, evidence: Evidence) => Promise<Whose>;

export interface Recalled {
  readonly recordedMark: RecordedMark;
  readonly judge: JudgeMark;
}

interface Recalling {
  /** That of the operation, which its record may not know yet; or a look at it, where it takes one. */
  readonly identity?: IdentityPair | (() => Promise<IdentityPair | undefined>) | undefined;
  /** In a plan; the record of an operation has it. */
  readonly adoptIdentity?: string | undefined;
  /** Of what takes access away: its record may have been lost since it began. */
  readonly withoutRecord?: "ours";
}

/** Both from the namespace's record, which is read once. Only a holder that it does not know is compared with the identity that is there. */
export function recallOf(
  ports: Pick<Ports, "catalog" | "identities" | "registry">,
  namespaceRef: NamespaceRef,
  { identity: known, adoptIdentity, withoutRecord }: Recalling = {},
): Recalled {
  const read = readOnce(ports.registry, namespaceRef);
  const judge: JudgeMark = async (mark, { isHolder, operations = [] }) => {
    if (mark.berth !== namespaceKey(namespaceRef)) return "others";
    const identity = typeof known === "function" ? await known() : known;
    const isOneOf = (ids: readonly string[]) => ids.some((id) => isHolder(id.toLowerCase()));
    if (identity && isOneOf([identity.clientId, identity.principalId])) return "ours";
    const record = await read();
    const decided = adoptIdentity ?? record?.adoptIdentity;
    if (isOneOf([...(record ? identityIdsOf(record) : []), ...(decided === undefined ? [] : [decided])])) return "ours";
    const made = record ? operationsOf(record) : [];
    if (operations.some((each) => each !== null && made.includes(each))) return "ours";
    const current = identity ? undefined : await currentIdentity(ports, namespaceRef);
    if (current && isOneOf([current.clientId, current.principalId])) return "ours";
    const isElsewhere = mark.installation !== undefined && mark.installation !== (await ports.registry.installation());
    if (isElsewhere) return "others";
    return decided === anyIdentity ? "ours" : record ? "unrecorded" : (withoutRecord ?? "unrecorded");
  };
  return { recordedMark: markIn(read), judge };
}
