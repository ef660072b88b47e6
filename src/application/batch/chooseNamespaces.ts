/** The namespaces of a batch over what is onboarded: chosen once, and checked again when their turn comes. */

import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import { changeTag } from "../../domain/http/entityTag.ts";
import { inGroups } from "../../domain/inGroups.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { mostRequests } from "../../domain/operation/batch.ts";
import { isFree } from "../../domain/operation/lifecycle.ts";
import {
  type Chosen,
  isAsSeen,
  type NamespaceBatchBody,
  type NamespaceWork,
  seenOf,
} from "../../domain/operation/namespaceBatch.ts";
import { meets, type NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { namespacePages } from "../../resources/definitions/namespacePages.ts";
import { teamsOf } from "../admission/listNamespaces.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";

const atOnce = 20;

/** A verification by filter leaves out what an operation holds: in the middle of one nothing matches, and each verifies its own end. */
export async function chooseNamespaces(
  { registry }: Pick<Ports, "registry">,
  by: Caller,
  { filter = {}, namespaces }: Pick<NamespaceBatchBody, "filter" | "namespaces">,
  { action }: { readonly action?: NamespaceWork["action"] } = {},
): Promise<readonly Chosen[]> {
  if (!namespaces) return await findAll({ registry }, by, filter, action !== "verify");
  return await inGroups(namespaces, atOnce, async (namespaceRef): Promise<Chosen> => {
    // One that cannot be read is reported by its item.
    const record = await unlessUnreadable(registry.getNamespace(namespaceRef));
    return record && maySee(by, record) ? chosenOf(record) : namespaceRef;
  });
}

async function findAll(
  ports: Pick<Ports, "registry">,
  by: Caller,
  filter: NamespaceFilter,
  takesHeld: boolean,
): Promise<readonly Chosen[]> {
  const chosen: Chosen[] = [];
  let held = 0;
  const { cluster } = filter;
  for await (const { value } of namespacePages(ports, { ...defined({ cluster }), ...teamsOf(by, filter) })) {
    const met = value.filter((record) => meets(record, filter));
    const taken = takesHeld ? met : met.filter(isFree);
    held += met.length - taken.length;
    chosen.push(...taken.map(chosenOf));
  }
  if (held > 0 && chosen.length === 0) {
    throw new Refusal("NOTHING_CHOSEN", "Operations hold all that would be verified; nothing was accepted.");
  }
  if (chosen.length === 0) {
    const isFiltered = Object.keys(filter).length > 0;
    const none = isFiltered ? "No namespace meets the filter" : "No namespace that you may see is onboarded";
    throw new Refusal("NOTHING_CHOSEN", `${none}; nothing was accepted.`);
  }
  if (chosen.length > mostRequests) {
    const detail = `${chosen.length} namespaces meet it, and a batch takes ${mostRequests}; narrow it by cluster, team or state, and send several`;
    throw new Refusal("INVALID_REQUEST", `/filter: ${detail}.`, { errors: [{ pointer: "/filter", detail }] });
  }
  return chosen;
}

/** Identifies a plan and its namespaces, each in the state in which it was chosen. */
export function selectionTag(what: object, chosen: readonly Chosen[]): string {
  return changeTag({ what, chosen });
}

function chosenOf(record: NamespaceRecord): Chosen {
  const { cluster, namespace } = record;
  return { cluster, namespace, seen: seenOf(record) };
}

/** Refuses a namespace that has changed since it was chosen. */
export function expectSeen({ seen, ...namespaceRef }: Chosen, record: NamespaceRecord): void {
  if (seen && isAsSeen(seen, record)) return;
  const what = seen ? "has changed" : "was onboarded";
  throw new Refusal(
    "NAMESPACE_CHANGED",
    `${namespaceKey(namespaceRef)} ${what} since the batch was accepted, and is left alone.`,
  );
}
