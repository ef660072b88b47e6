/** How the built-in kinds are written in protobuf (fields.json, which packages/kube-sim/tools/writeProtobufFields.ts writes). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Fields = z.object({
  source: z.string(),
  /** By version: the package of its messages. */
  packages: z.record(z.string(), z.string()),
  messages: z.record(z.string(), z.record(z.string(), z.string())),
});

export interface Field {
  readonly name: string;
  readonly type: string;
  /** Its fields are those of the message around it. */
  readonly isInline: boolean;
  /** Absent and empty differ. */
  readonly isPointer: boolean;
  /** JSON has it even when it is empty. */
  readonly isAlways: boolean;
}

let read: z.infer<typeof Fields> | undefined;
const messages = new Map<string, ReadonlyMap<number, Field>>();

/** Of the envelope, and of types with a form of their own in JSON (messages.ts). */
const own: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  unknown: { typeMeta: "1 typeMeta *", raw: "2 bytes *", contentEncoding: "3 string *", contentType: "4 string *" },
  typeMeta: { apiVersion: "1 string *", kind: "2 string *" },
  event: { type: "1 string *", object: "2 held *" },
  held: { raw: "1 bytes *" },
  raw: { raw: "1 bytes *" },
  quantity: { text: "1 string *" },
  time: { seconds: "1 int *", nanos: "2 int *" },
  microTime: { seconds: "1 int *", nanos: "2 int *" },
  intOrString: { isText: "1 int *", int: "2 int *", text: "3 string *" },
  schemaOrArray: { schema: "1 apiextensions/v1.JSONSchemaProps *", items: "2 []apiextensions/v1.JSONSchemaProps" },
  schemaOrStrings: { schema: "1 apiextensions/v1.JSONSchemaProps *", items: "2 []string" },
  schemaOrBool: { isAllowed: "1 bool *", schema: "2 apiextensions/v1.JSONSchemaProps *" },
  // A list with a name is a message with one field.
  "items:[]string": { items: "1 []string" },
};

function table(): z.infer<typeof Fields> {
  read ??= Fields.parse(JSON.parse(readFileSync(join(import.meta.dirname, "fields.json"), "utf8")));
  return read;
}

export const allMessages = () => [...Object.keys(own), ...Object.keys(table().messages)];

/** The message of a kind; undefined for custom resources, which no API server reads in protobuf. */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  const { packages, messages: known } = table();
  const names = [apiVersion, "*"].map((version) => `${packages[version] ?? ""}.${kind}`);
  return names.find((name) => known[name] !== undefined);
}

/** Whether the version is one of Kubernetes' own, whose kinds can all be sent in protobuf. */
export function hasVersion(apiVersion: string): boolean {
  return table().packages[apiVersion] !== undefined;
}

export function fieldsOf(message: string): ReadonlyMap<number, Field> {
  const known = messages.get(message);
  if (known) return known;
  const fields = Object.entries(own[message] ?? table().messages[message] ?? {}).map(([key, text]): [number, Field] => {
    const [number = "", type = "", marks = ""] = text.split(" ");
    const isInline = key.startsWith("^");
    return [
      Number(number),
      { name: key, type, isInline, isPointer: marks.includes("*"), isAlways: marks.includes("!") },
    ];
  });
  const made = new Map(fields);
  messages.set(message, made);
  return made;
}
