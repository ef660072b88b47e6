/** `limit` and `continue`: all pages of a list show the state at the time of the first, which the token names. */
import { isObject, type Json, numberAt, stringAt } from "azure-sim/json";
import { badRequest, expired } from "./failures.ts";
import { jsonProblem } from "./goJson.ts";
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
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const json = decoded(text, refuse);
  const problem = jsonProblem(json);
  if (problem !== undefined) throw refuse(problem);
  const token: Json = JSON.parse(json);
  if (token !== null && !isObject(token)) {
    const what = Array.isArray(token) ? "array" : typeof token === "boolean" ? "bool" : typeof token;
    throw refuse(`json: cannot unmarshal ${what} into Go value of type storage.continueToken`);
  }
  const v = stringAt(token, "v") ?? "";
  if (v !== encoding) throw refuse(`server does not recognize this encoded version ${v}`);
  const version = numberAt(token, "rv") ?? 0;
  if (version === 0) throw refuse(`incorrect encoded start resourceVersion (version ${encoding})`);
  const key = stringAt(token, "start") ?? "";
  if (key === "") throw refuse(`encoded start key empty (version ${encoding})`);
  if (key.startsWith("/") || key.split("/").some((part) => part === ".." || part === ".")) throw refuse(key);
  return { version, key };
}

/** Go's URL encoding has no padding, and tells where a text is no more of it. */
function decoded(text: string, refuse: (why: string) => Error): string {
  const wrong = /[^A-Za-z0-9_-]/.exec(text)?.index ?? (text.length % 4 === 1 ? text.length - 1 : undefined);
  if (wrong !== undefined) throw refuse(`illegal base64 data at input byte ${wrong}`);
  return Buffer.from(text, "base64url").toString("latin1");
}

export function tooOld() {
  return expired("The provided continue parameter is too old to display a consistent list result.");
}
