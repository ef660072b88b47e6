/** Config maps and secrets. */
import type { Cause } from "../cause.ts";
import { jsonProblem } from "../goJson.ts";
import { type JsonObject, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { required, tooLong } from "./causes.ts";

/** In bytes. */
const most = 1024 * 1024;
const over = `may not be more than ${most} bytes`;

export function configMapViolations(object: JsonObject): Cause[] {
  const [data, binaryData] = [objectAt(object, "data"), objectAt(object, "binaryData")];
  const size = sizeOf(data) + bytesIn(binaryData);
  return [
    ...Object.keys(data)
      .filter((key) => binaryData[key] !== undefined)
      .map((key) => invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData")),
    ...keyViolations("data", data),
    ...keyViolations("binaryData", binaryData),
    ...(size > most ? [tooLong("[]", over)] : []),
  ];
}

/** What secrets of some types have to have. */
const neededKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/basic-auth": ["username", "password"],
};

export function secretViolations(object: JsonObject): Cause[] {
  const data = objectAt(object, "data");
  const type = stringAt(object, "type") ?? "";
  return [
    ...keyViolations("data", data),
    ...(bytesIn(data) > most ? [tooLong("data", over)] : []),
    ...missingKeys(type, data).map((key) => required(`data[${key}]`)),
    ...(neededKeys[type] ?? []).flatMap((key) => (data[key] === undefined ? [] : configViolations(key, data[key]))),
    ...accountViolations(object, type),
  ];
}

/** A user without a password is one, too. */
function missingKeys(type: string, data: JsonObject): readonly string[] {
  const missing = (neededKeys[type] ?? []).filter((key) => data[key] === undefined);
  return type === "kubernetes.io/basic-auth" && missing.length < 2 ? [] : missing;
}

function configViolations(key: string, value: unknown): Cause[] {
  if (!key.startsWith(".docker")) return [];
  const text = Buffer.from(String(value), "base64").toString("utf8");
  try {
    JSON.parse(text);
    return [];
  } catch {
    return [invalidValue(`data[${key}]`, "<secret contents redacted>", jsonProblem(text) ?? "")];
  }
}

function accountViolations(object: JsonObject, type: string): Cause[] {
  if (type !== "kubernetes.io/service-account-token") return [];
  const annotation = "kubernetes.io/service-account.name";
  const account = objectAt(object, "metadata", "annotations")[annotation];
  return account ? [] : [required(`metadata.annotations[${annotation}]`)];
}

function sizeOf(data: JsonObject): number {
  return Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(String(value)), 0);
}

function bytesIn(data: JsonObject): number {
  return Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(String(value), "base64"), 0);
}

function keyViolations(field: string, entries: JsonObject): Cause[] {
  return Object.keys(entries).flatMap((key) =>
    keyProblems(key).map((why) => invalidValue(`${field}[${key}]`, key, why)),
  );
}

export function keyProblems(key: string): string[] {
  if (key.length > 253) return ["must be no more than 253 characters"];
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    return [
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ];
  }
  if (key === "." || key === "..") return [`must not be '${key}'`];
  return key.startsWith("..") ? ["must not start with '..'"] : [];
}
