/** What both clients say of access: what is in force, and apart from it what is asked for, waits or is being removed. */

import { defined } from "../src/domain/defined.ts";
import type { NamespaceDocument } from "../src/domain/documents/namespace.ts";
import { targetsOf } from "./request.ts";

type Access = NonNullable<NamespaceDocument["access"]>[number];

/** A service of release 0.1.0 tells only what a namespace has asked for. */
export function accessIn({
  access,
  databases,
  request,
}: Pick<NamespaceDocument, "access" | "databases" | "request">): readonly Access[] {
  const asked = () =>
    targetsOf(Object.assign({ databases }, request)).map(({ noun, key, access: words, end }) => ({
      ...{ kind: noun, target: key, access: [...words], state: "inForce" as const, isLeaving: false },
      ...defined({ until: end }),
    }));
  return access ?? asked();
}

export function isAsked({ state }: Pick<Access, "state">): boolean {
  return state === "requested" || state === "awaitingApproval";
}

const words: { readonly [State in Access["state"]]: string } = {
  inForce: "in force",
  beingRemoved: "being removed",
  requested: "requested",
  awaitingApproval: "waits for approval",
  unknown: "unknown",
};

/** `leaves` says that an operation is to take it away. */
export function stateInWords(state: Access["state"], leaves: boolean | { readonly awaitsApproval: boolean }): string {
  if (state !== "inForce" || leaves === false) return words[state] ?? state;
  return leaves !== true && leaves.awaitsApproval ? "in force, removal waits for approval" : "in force, to be removed";
}
