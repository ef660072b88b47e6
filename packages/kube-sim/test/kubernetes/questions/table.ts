/**
 * The questions that are asked of the simulated API server and of a real one: a table of kinds × cases, and seeded ones. They are
 * asked in order, since each sees what those before it have left.
 */
export interface Question {
  /** Unique, and the same for both servers. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly caller?: Caller;
}

export const callers = ["administrator", "reader", "stranger", "anonymous", "nonsense"] as const;
/** Only areas ask as one who may give roles (areas/rights.ts). */
export type Caller = (typeof callers)[number] | "granter";

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** What an object of this kind has at least, besides its metadata. */
  readonly body: object;
  /** The same with another value, and the field where it is. */
  readonly changed: object;
}

const template = (image: string) => ({
  metadata: { labels: { app: "a" } },
  spec: { restartPolicy: "Never", containers: [{ name: "main", image }] },
});

/** Nothing here makes a controller act: its writes would come between the questions. */
export const kinds: readonly Kind[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    body: { data: { k: "1" } },
    changed: { data: { k: "2" } },
  },
  {
    ...{ apiVersion: "v1", kind: "Secret", plural: "secrets" },
    ...{ body: { stringData: { k: "1" } }, changed: { data: { k: "Mg==" } } },
  },
  {
    ...{ apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts" },
    ...{ body: {}, changed: { automountServiceAccountToken: false } },
  },
  {
    ...{ apiVersion: "v1", kind: "ResourceQuota", plural: "resourcequotas" },
    ...{ body: { spec: { hard: { pods: "9" } } }, changed: { spec: { hard: { pods: "8" } } } },
  },
  {
    ...{ apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" },
    ...{ body: { spec: { holderIdentity: "a" } }, changed: { spec: { holderIdentity: "b" } } },
  },
  {
    ...{ apiVersion: "batch/v1", kind: "Job", plural: "jobs" },
    body: { spec: { suspend: true, template: template("a") } },
    changed: { spec: { backoffLimit: 3 } },
  },
  {
    ...{ apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity", plural: "azureidentities" },
    ...{ body: { spec: { type: 0, clientID: "a" } }, changed: { spec: { clientID: "b" } } },
  },
];

const types = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const partialList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

type Case = readonly [title: string, method: string, where: string, body?: unknown, rest?: Partial<Question>];

export function pathOf({ apiVersion, plural }: Kind, namespace: string): string {
  return `/${apiVersion === "v1" ? "api/v1" : `apis/${apiVersion}`}/namespaces/${namespace}/${plural}`;
}

/** The cases of the table for one kind; `where` is what follows its collection. */
function casesOf({ apiVersion, kind, body, changed }: Kind): readonly Case[] {
  const whole = (name: string, rest: object = {}, metadata: object = {}) => ({
    ...{ apiVersion, kind, metadata: { name, ...metadata } },
    ...body,
    ...rest,
  });
  const patch = (type: keyof typeof types) => ({ headers: { "content-type": types[type] } });
  const as = (caller: Caller) => ({ caller });
  const accept = (text: string) => ({ headers: { accept: text } });
  return [
    ["create", "POST", "", whole("a")],
    ["create again", "POST", "", whole("a")],
    ["create without kind", "POST", "", { metadata: { name: "b" }, ...body }],
    ["create of another kind", "POST", "", { ...whole("c"), kind: "Other" }],
    ["create of another version", "POST", "", { ...whole("c"), apiVersion: "v9" }],
    ["create in another namespace", "POST", "", whole("c", {}, { namespace: "elsewhere" })],
    ["create without a name", "POST", "", { apiVersion, kind, metadata: {}, ...body }],
    ["create with a bad name", "POST", "", whole("Not_Good")],
    ["create with a long name", "POST", "", whole("n".repeat(254))],
    ["create with a uid", "POST", "", whole("with-uid", {}, { uid: "11111111-2222-4333-8444-555555555555" })],
    ["create with a resourceVersion", "POST", "", whole("c", {}, { resourceVersion: "5" })],
    ["create with a bad label value", "POST", "", whole("c", {}, { labels: { a: "not good" } })],
    ["create with a bad label key", "POST", "", whole("c", {}, { labels: { "a/b/c": "x" } })],
    ["create with a number for a label", "POST", "", whole("c", {}, { labels: { a: 1 } })],
    ["create with a null label", "POST", "", whole("null-label", {}, { labels: { a: null } })],
    ["create with empty maps", "POST", "", whole("empty-maps", {}, { labels: {}, annotations: {} })],
    ["create with a bad annotation key", "POST", "", whole("c", {}, { annotations: { "a b": "x" } })],
    ["create with a finalizer without a domain", "POST", "", whole("c", {}, { finalizers: ["hold"] })],
    ["create with a bad finalizer", "POST", "", whole("c", {}, { finalizers: ["not good"] })],
    ["create with an owner without a name", "POST", "", whole("c", {}, { ownerReferences: [{ kind: "A" }] })],
    ["create with an unknown field", "POST", "", whole("unknown-field", { unknown: 1 })],
    ["create with an unknown field, strictly", "POST", "?fieldValidation=Strict", whole("c", { unknown: 1 })],
    [
      "create with an unknown field, ignored",
      "POST",
      "?fieldValidation=Ignore",
      whole("ignored-field", { unknown: 1 }),
    ],
    ["create with a wrong validation", "POST", "?fieldValidation=Perhaps", whole("c")],
    [
      "create with duplicate keys",
      "POST",
      "",
      `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":{"name":"x","name":"c"}}`,
    ],
    ["create dryly", "POST", "?dryRun=All", whole("c")],
    ["create with a wrong dry run", "POST", "?dryRun=Some", whole("c")],
    ["create with a manager", "POST", "?fieldManager=me", whole("managed")],
    ["create with a long manager", "POST", `?fieldManager=${"m".repeat(129)}`, whole("c")],
    ["create from a broken body", "POST", "", "{not json"],
    ["create from a list", "POST", "", []],
    ["create from nothing", "POST", "", undefined],
    ["create from a string", "POST", "", '"text"'],
    [
      "create from YAML",
      "POST",
      "",
      `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: Bad_Name}\n`,
      { headers: { "content-type": "application/yaml" } },
    ],
    ["create from XML", "POST", "", "<a/>", { headers: { "content-type": "application/xml" } }],
    ["create at a name", "POST", "/a", whole("a")],
    ["get", "GET", "/a"],
    ["get what is not there", "GET", "/none"],
    ["get as a table", "GET", "/a?includeObject=None", undefined, accept(table)],
    ["get its metadata", "GET", "/a", undefined, accept(partial)],
    ["get what cannot be served", "GET", "/a", undefined, accept("text/html")],
    ["get a subresource that is not there", "GET", "/a/nothing"],
    ["list by name", "GET", "?fieldSelector=metadata.name%3Da"],
    ["list by another name", "GET", "?fieldSelector=metadata.name!%3Da&limit=1"],
    ["list by an unknown field", "GET", "?fieldSelector=spec.x%3D1"],
    ["list by a malformed field", "GET", "?fieldSelector=x"],
    ["list by a label", "GET", "?labelSelector=a%3Db"],
    ["list by a malformed label", "GET", "?labelSelector=a%3D%3D%3Db"],
    ["list by a set", "GET", "?labelSelector=a%20in%20(b,c)"],
    ["list with a malformed limit", "GET", "?limit=x"],
    ["list with a negative limit", "GET", "?limit=-1&labelSelector=a%3Db"],
    ["list with a malformed continue", "GET", "?continue=x"],
    ["list with a malformed version", "GET", "?resourceVersion=x"],
    ["list from the future", "GET", "?resourceVersion=99999999999&resourceVersionMatch=Exact"],
    ["list with a match but no version", "GET", "?resourceVersionMatch=Exact"],
    ["list metadata by a label", "GET", "?labelSelector=a%3Db", undefined, accept(partialList)],
    ["list as a table by a label", "GET", "?labelSelector=a%3Db", undefined, accept(table)],
    ["watch from a malformed version", "GET", "?watch=1&resourceVersion=x&timeoutSeconds=1"],
    ["watch with initial events alone", "GET", "?watch=1&sendInitialEvents=true&timeoutSeconds=1"],
    ["replace", "PUT", "/a", whole("a", changed)],
    ["replace what is not there", "PUT", "/none", whole("none")],
    ["replace without a name", "PUT", "/a", { apiVersion, kind, ...body }],
    ["replace by another name", "PUT", "/a", whole("b")],
    ["replace an old version", "PUT", "/a", whole("a", {}, { resourceVersion: "1" })],
    ["replace another uid", "PUT", "/a", whole("a", {}, { uid: "11111111-2222-4333-8444-555555555555" })],
    ["replace the collection", "PUT", "", whole("a")],
    ["merge", "PATCH", "/a", { metadata: { labels: { p: "1" } } }, patch("merge")],
    ["merge null", "PATCH", "/a", { metadata: { labels: null } }, patch("merge")],
    ["merge into what is not there", "PATCH", "/none", {}, patch("merge")],
    ["merge another name", "PATCH", "/a", { metadata: { name: "b" } }, patch("merge")],
    ["merge another uid", "PATCH", "/a", { metadata: { uid: "11111111-2222-4333-8444-555555555555" } }, patch("merge")],
    ["merge an unknown field, strictly", "PATCH", "/a?fieldValidation=Strict", { unknown: 1 }, patch("merge")],
    ["merge a list", "PATCH", "/a", [], patch("merge")],
    ["merge with force", "PATCH", "/a?force=true", {}, patch("merge")],
    ["strategic merge", "PATCH", "/a", { metadata: { annotations: { s: "1" } } }, patch("strategic")],
    ["JSON patch", "PATCH", "/a", [{ op: "add", path: "/metadata/labels", value: { j: "1" } }], patch("json")],
    ["JSON patch whose test fails", "PATCH", "/a", [{ op: "test", path: "/kind", value: "x" }], patch("json")],
    ["JSON patch of an unknown path", "PATCH", "/a", [{ op: "remove", path: "/nowhere" }], patch("json")],
    ["JSON patch with an unknown operation", "PATCH", "/a", [{ op: "do", path: "/a" }], patch("json")],
    ["JSON patch that is no list", "PATCH", "/a", {}, patch("json")],
    ["patch of no type", "PATCH", "/a", {}],
    ["apply", "PATCH", "/applied?fieldManager=me", whole("applied"), patch("apply")],
    ["apply again", "PATCH", "/applied?fieldManager=me", whole("applied"), patch("apply")],
    ["apply as another", "PATCH", "/applied?fieldManager=other", whole("applied", changed), patch("apply")],
    ["apply with force", "PATCH", "/applied?fieldManager=other&force=true", whole("applied", changed), patch("apply")],
    ["apply without a manager", "PATCH", "/applied", whole("applied"), patch("apply")],
    ["apply without a name", "PATCH", "/applied?fieldManager=me", { apiVersion, kind, ...body }, patch("apply")],
    ["apply an unknown field", "PATCH", "/applied?fieldManager=me", whole("applied", { unknown: 1 }), patch("apply")],
    [
      "apply managed fields",
      "PATCH",
      "/applied?fieldManager=me",
      whole("applied", {}, { managedFields: [{}] }),
      patch("apply"),
    ],
    ["apply dryly", "PATCH", "/dry?fieldManager=me&dryRun=All", whole("dry"), patch("apply")],
    ...callers.slice(1).flatMap((caller): Case[] => [
      [`get as ${caller}`, "GET", "/a", undefined, as(caller)],
      [`list as ${caller}`, "GET", "?labelSelector=a%3Db", undefined, as(caller)],
      [`create as ${caller}`, "POST", "", whole("denied"), as(caller)],
      [`delete as ${caller}`, "DELETE", "/a", undefined, as(caller)],
    ]),
    ["delete with another uid", "DELETE", "/a", { preconditions: { uid: "another" } }],
    ["delete with an unknown policy", "DELETE", "/a?propagationPolicy=Later"],
    ["delete with two policies", "DELETE", "/a", { propagationPolicy: "Background", orphanDependents: true }],
    ["delete dryly", "DELETE", "/a?dryRun=All&propagationPolicy=Background"],
    ["delete", "DELETE", "/a?propagationPolicy=Background"],
    ["delete again", "DELETE", "/a"],
    ["delete by a label", "DELETE", "?labelSelector=a%3Dnothing"],
  ];
}

export function tableOfQuestions(): readonly Question[] {
  return kinds.flatMap((kind) => {
    const namespace = `asks-${kind.plural}`;
    return casesOf(kind).map(
      ([title, method, where, body, rest]): Question => ({
        id: `${kind.kind}: ${title}`,
        method,
        path: `${pathOf(kind, namespace)}${where}`,
        ...(body === undefined ? {} : { body }),
        ...rest,
      }),
    );
  });
}
