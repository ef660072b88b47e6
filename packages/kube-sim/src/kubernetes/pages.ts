/** `limit` and `continue`: all pages of a list show the state at the time of the first, which the token names. */
import { numberAt, stringAt } from "azure-sim/json";
import { jsonOrNull } from "./decodeText.ts";
import { badRequest, expired } from "./failures.ts";
import type { KubeObject } from "./object.ts";

export interface Page {
  readonly items: readonly KubeObject[];
  /** The token of the next page; absent on the last. */
  readonly next?: string;
  readonly remaining?: number;
}

/** Where a page begins: at a version of the store, with the first key that is not less. */
export interface Start {
  readonly version: number;
  readonly key: string;
}

const encoding = "meta.k8s.io/v1";

/** The page of a sorted list; keys are those of the API server's own store. `all`: also what a selector leaves out. */
export function pageOf(
  items: readonly KubeObject[],
  limit: number,
  { all, version, namespace }: { all: readonly KubeObject[]; version: number; namespace: string | undefined },
): Page {
  const last = items[limit - 1];
  // Whether anything behind it is chosen, the next page finds out.
  if (limit <= 0 || last === undefined || last === all.at(-1)) return { items };
  // The next key that there can be.
  const start = `${keyOf(last, namespace)}\u0000`;
  const next = Buffer.from(JSON.stringify({ v: encoding, rv: version, start })).toString("base64url");
  return { items: items.slice(0, limit), next, remaining: items.length - limit };
}

/** Of a list in one namespace, keys are names. */
export function keyOf({ metadata }: KubeObject, namespace: string | undefined): string {
  return namespace === undefined && metadata.namespace !== undefined
    ? `${metadata.namespace}/${metadata.name}`
    : metadata.name;
}

/** Below zero, a page goes on from what is there now. */
export const isOfNow = ({ version }: Start) => version < 0;

/** Throws unless the token could be one of any API server's. */
export function readToken(text: string): Start {
  const token = jsonOrNull(Buffer.from(text, "base64url").toString("latin1"));
  const version = numberAt(token, "rv") ?? 0;
  const key = stringAt(token, "start") ?? "";
  const isPath = key !== "" && !/^\/|(^|\/)\.\.?(\/|$)/.test(key);
  const isToken = /^[\w-]*$/.test(text) && stringAt(token, "v") === encoding && version !== 0 && isPath;
  if (!isToken) throw badRequest("invalid continue token: continue key is not valid");
  return { version, key };
}

export function tooOld() {
  return expired("The provided continue parameter is too old to display a consistent list result.");
}
