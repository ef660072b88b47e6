/** Questions made from a seed: a verb, a kind, a body with some of what a body can have, options, and a caller. */
import { createDice } from "test-support/random";
import { type Kind, kinds, pathOf } from "./kinds.ts";
import { type Caller, callers, type Question } from "./recorded.ts";

/** Each has its part of a body, or of the metadata. */
const bodies: readonly ((kind: Kind) => { metadata?: object; rest?: object })[] = [
  () => ({}),
  ({ changed }) => ({ rest: changed }),
  () => ({ metadata: { labels: { a: "b" } } }),
  () => ({ metadata: { labels: { "a/b/c": "d" } } }),
  () => ({ metadata: { annotations: { "mooring.dev/x": "1" } } }),
  () => ({ metadata: { labels: { a: null } } }),
  () => ({ metadata: { resourceVersion: "1" } }),
  () => ({ metadata: { generateName: "made-" } }),
  () => ({ metadata: { namespace: "elsewhere" } }),
  () => ({ rest: { unknown: true } }),
  () => ({ rest: { kind: "Other" } }),
  () => ({ rest: { apiVersion: "v9" } }),
];

const types = [
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/json-patch+json",
  "application/apply-patch+yaml",
  "application/json",
];

const writeOptions = [
  "",
  "",
  "dryRun=All",
  "dryRun=No",
  "fieldManager=me",
  "fieldValidation=Strict",
  "fieldValidation=x",
];
const patchOptions = [...writeOptions, "force=true", "fieldManager=me&force=true"];
const deleteOptions = ["", "dryRun=All", "propagationPolicy=Background", "propagationPolicy=x"];
/** Of lists without content, since what others have made there differs in its order of fields. */
const listOptions = ["labelSelector=a%3Dc", "limit=x", "resourceVersion=x", "fieldSelector=x", "labelSelector=%3D"];

export function seededQuestions(seed: number, count: number): readonly Question[] {
  const { pick, roll } = createDice(seed);
  return Array.from({ length: count }, (_, index): Question => {
    const kind = pick(kinds);
    const name = pick(["one", "two", "three", "Bad_Name"]);
    const { metadata = {}, rest = {} } = pick(bodies)(kind);
    const body = {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      ...kind.body,
      ...rest,
      metadata: { name, ...metadata },
    };
    const caller: Caller = roll(5) === 0 ? pick(callers) : "administrator";
    const verb = pick(["create", "create", "get", "list", "replace", "patch", "patch", "apply", "delete"]);
    const collection = pathOf(kind, `asks-${kind.plural}`);
    const one = `${collection}/${name}`;
    const id = `seeded ${index}`;
    const ask = (method: string, path: string, options: string, more: Partial<Question> = {}): Question => ({
      ...{ id, ask: `${method} ${path}${options === "" ? "" : "?"}${options}`, caller },
      ...more,
    });
    switch (verb) {
      case "create":
        return ask("POST", collection, pick(writeOptions), { body });
      case "get":
        return ask("GET", one, "");
      case "list":
        return ask("GET", collection, pick(listOptions));
      case "replace":
        return ask("PUT", one, pick(writeOptions), { body });
      case "delete":
        return ask("DELETE", one, pick(deleteOptions));
      case "apply":
        return ask("PATCH", one, pick(patchOptions), { body, headers: { "content-type": types[3] ?? "" } });
      default:
        return ask("PATCH", one, pick(patchOptions), {
          body: roll(3) === 0 ? [{ op: "add", path: "/metadata/labels", value: { j: "1" } }] : { metadata, ...rest },
          headers: { "content-type": pick(types) },
        });
    }
  });
}
