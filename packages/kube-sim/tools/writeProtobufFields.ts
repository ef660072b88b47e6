/**
 * Writes packages/kube-sim/src/kubernetes/protobuf/fields.json from the published Go modules k8s.io/api, k8s.io/apimachinery and
 * k8s.io/apiextensions-apiserver,
 * whose struct tags say how each field is written in protobuf and in JSON:
 *
 *   go mod download -json k8s.io/api@v0.36.3 k8s.io/apimachinery@v0.36.3 k8s.io/apiextensions-apiserver@v0.36.3
 *   node tools/run.mjs packages/kube-sim/tools/writeProtobufFields.ts <folder of each, which that prints as Dir>
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { servedKinds } from "../src/kubernetes/builtIn/servedKinds.ts";

const [api = "", machinery = "", extensions = ""] = process.argv.slice(2);
const file = join(dirname(import.meta.dirname), "src/kubernetes/protobuf/fields.json");

/** The version of the kinds of each package; those of meta/v1 are in every version. */
const versionOf: Readonly<Record<string, string>> = {
  ...{ "core/v1": "v1", "meta/v1": "*", "events/v1": "events.k8s.io/v1", "storage/v1": "storage.k8s.io/v1" },
  ...{ "rbac/v1": "rbac.authorization.k8s.io/v1", "flowcontrol/v1": "flowcontrol.apiserver.k8s.io/v1" },
  ...Object.fromEntries(
    ["apps/v1", "batch/v1", "autoscaling/v1", "autoscaling/v2", "policy/v1"].map((name) => [name, name]),
  ),
  ...Object.fromEntries(
    [
      ...["authentication", "authorization", "networking", "coordination", "certificates", "node", "discovery"],
      ...["resource", "scheduling", "admissionregistration", "apiextensions"],
    ].map((name) => [`${name}/v1`, `${name}.k8s.io/v1`]),
  ),
};

const folderOf = (name: string) =>
  name === "apiextensions/v1"
    ? join(extensions, "pkg/apis", name)
    : name === "meta/v1"
      ? join(machinery, "pkg/apis", name)
      : join(api, name);

/** Types with a form of their own in JSON. */
const special: Readonly<Record<string, string>> = {
  "resource.Quantity": "quantity",
  "intstr.IntOrString": "intOrString",
  "runtime.RawExtension": "raw",
  "types.UID": "string",
  "types.NodeName": "string",
  "meta/v1.Time": "time",
  "meta/v1.MicroTime": "microTime",
  "meta/v1.Duration": "duration",
  "meta/v1.FieldsV1": "raw",
  "apiextensions/v1.JSON": "raw",
  "apiextensions/v1.JSONSchemaPropsOrArray": "schemaOrArray",
  "apiextensions/v1.JSONSchemaPropsOrBool": "schemaOrBool",
  "apiextensions/v1.JSONSchemaPropsOrStringArray": "schemaOrStrings",
};

interface Source {
  readonly structs: ReadonlyMap<string, string>;
  /** `type PodPhase string`, by name. */
  readonly named: ReadonlyMap<string, string>;
  readonly imports: ReadonlyMap<string, string>;
}

function readSource(folder: string): Source {
  const text = ["types.go", "types_jsonschema.go"]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  return {
    structs: new Map(
      [...text.matchAll(/^type (\w+) struct ?\{(?:\}|\n([\s\S]*?)^\})/gm)].map(([, name = "", body = ""]) => [
        name,
        body,
      ]),
    ),
    named: new Map([...text.matchAll(/^type (\w+) ([^\s{]+)$/gm)].map(([, name = "", type = ""]) => [name, type])),
    imports: new Map(
      [...text.matchAll(/^\t(?:(\w+) )?"(k8s\.io\/[^"]+)"$/gm)].map(([, alias, path = ""]) => [
        alias ?? basename(path),
        path
          .replace("k8s.io/api/", "")
          .replace("k8s.io/apimachinery/pkg/apis/", "")
          .replace(/.*\/(resource|intstr|runtime|types)$/, "$1"),
      ]),
    ),
  };
}

const sources = new Map(Object.keys(versionOf).map((name) => [name, readSource(folderOf(name))]));

/** `[]` for a list and `{}` for a map, then a scalar, a special type, or a message as `core/v1.Pod`. */
function describe(type: string, within: string): string {
  const source = sources.get(within);
  if (type.startsWith("*")) return describe(type.slice(1), within);
  if (type === "[]byte") return "bytes";
  if (type.startsWith("[]")) return `[]${describe(type.slice(2), within)}`;
  const [, value] = /^map\[[^\]]+\](.+)$/.exec(type) ?? [];
  if (value !== undefined) return `{}${describe(value, within)}`;
  if (/^(string|bool)$/.test(type)) return type;
  if (/^u?int(8|16|32|64)?$/.test(type)) return "int";
  if (/^float(32|64)$/.test(type)) return "double";
  const [alias, name = alias ?? ""] = type.includes(".") ? type.split(".") : [undefined, type];
  const home = alias === undefined ? within : (source?.imports.get(alias) ?? alias);
  const key = `${home}.${name}`;
  if (special[key] !== undefined) return special[key];
  const named = sources.get(home)?.named.get(name);
  // A list with a name is a message with one field.
  if (named?.startsWith("[]")) return `items:${describe(named, home)}`;
  if (named !== undefined) return describe(named, home);
  // Of a package that is not read: the decoder refuses such a field by its name.
  if (!sources.get(home)?.structs.has(name)) return `unknown:${key}`;
  return key;
}

/**
 * `<number> <type>`, with `*` if absent and empty differ, and with `!` if JSON has it even when it is empty. The fields of a
 * message whose name begins with "^" are those of the message around it.
 */
function describeFields(body: string, within: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, words = "", json = "", tag = ""] of body.matchAll(
    /^\t([^/\n`]+?)\s+`json:"([^"]*)" (?:\w+:"[^"]*" )*protobuf:"([^"]+)"/gm,
  )) {
    const [, number = "", label, name = ""] = /^\w+,(\d+)(?:,(\w+))?(?:,name=(\w+))?/.exec(tag) ?? [];
    const type = words.trim().split(/\s+/).at(-1) ?? "";
    const [jsonName = "", ...options] = json.split(",");
    const isInline = jsonName === "" || options.includes("inline");
    const isPointer = type.startsWith("*");
    const marks = `${isPointer ? "*" : ""}${options.includes("omitempty") || isInline ? "" : "!"}`;
    const described = describe(type, within);
    // Repeated, it is no message of its own.
    const written = label === "rep" ? described.replace(/^items:/, "") : described;
    fields[isInline ? `^${name}` : jsonName] = [number, written, marks].filter(Boolean).join(" ");
  }
  return fields;
}

const messages: Record<string, Record<string, string>> = {};
/** By version: the package, and its kinds. */
const kinds: Record<string, readonly [string, string]> = {};
for (const [name, apiVersion] of Object.entries(versionOf)) {
  const ofPackage: string[] = [];
  for (const [struct, body] of sources.get(name)?.structs ?? []) {
    const isKind = /TypeMeta\s+`json:"(,inline)?"/.test(body);
    const fields = describeFields(body, name);
    // Tables have no such form.
    if (isKind && Object.keys(fields).length === 0) continue;
    messages[`${name}.${struct}`] = fields;
    if (isKind) ofPackage.push(struct);
  }
  kinds[apiVersion] = [name, ofPackage.join(" ")];
}

/** What the kinds that are served are made of. */
const reached = new Set<string>();
function reach(message: string): void {
  if (reached.has(message) || messages[message] === undefined) return;
  reached.add(message);
  for (const field of Object.values(messages[message])) {
    reach((field.split(" ")[1] ?? "").replace(/^(items:|\[\]|\{\})+/, ""));
  }
}
const asked = new Set(["Scale", "TokenRequest", "Eviction", "Binding", "PodLogOptions"]);
for (const [apiVersion, [name, names]] of Object.entries(kinds)) {
  for (const kind of names.split(" ")) {
    const isServed = servedKinds[`${apiVersion} ${kind.replace(/List$/, "")}`] !== undefined;
    if (apiVersion === "*" || isServed || asked.has(kind)) reach(`${name}.${kind}`);
  }
}
const lines = (entries: Iterable<readonly [string, unknown]>) =>
  [...entries].map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(",\n");
const versions = [api, machinery, extensions].map((folder) => `k8s.io/${basename(folder)}`).join(", ");
writeFileSync(
  file,
  [
    `{\n  "source": ${JSON.stringify(versions)},`,
    `  "packages": {\n${lines(Object.entries(kinds).map(([version, [name]]) => [version, name]))}\n  },`,
    `  "messages": {\n${lines([...reached].map((name) => [name, messages[name]]))}\n  }\n}\n`,
  ].join("\n"),
);
console.log(`${reached.size} messages from ${versions}`);
