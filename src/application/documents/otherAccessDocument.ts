/** What a caller sees of who else reaches a target. */
import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import type { OtherAccess as OtherAccessDocument } from "../../domain/documents/otherAccess.ts";
import { maySee } from "../../domain/policy/policy.ts";
import type { OtherAccess } from "../../resources/definitions/otherAccess.ts";

export interface Seen {
  readonly value: readonly OtherAccessDocument[];
  readonly unnamed: number;
}

/** Names of people and of other teams' identities are for operators alone; that they are there is for everybody who may ask. */
export function seeOthers(by: Caller, others: readonly OtherAccess[]): Seen {
  const seen = others.filter(({ owner }) => maySee(by, { team: owner?.team }));
  return { value: seen.map(toDocument), unnamed: others.length - seen.length };
}

function toDocument({ name, type, owner, isMooring, rights }: OtherAccess): OtherAccessDocument {
  return {
    name,
    type,
    ...(owner?.namespaceRef ?? {}),
    isMooring: isMooring === true,
    rights: rights.map(({ right, scope, isForAnother }) => ({
      right,
      ...defined({ scope }),
      by: isForAnother ? "mooring" : "others",
    })),
  };
}
