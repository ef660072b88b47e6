/** Onboarding requests out of files: JSON or YAML, one or many. What a request may say, the service knows. */
import { createReadStream } from "node:fs";
import { UsageError } from "../failures.ts";
import { parseYaml } from "./parseYaml.ts";

/** A batch of the service takes 4 MB. */
const mostBytes = 4 * 1024 * 1024;

/** Several documents, a list, or `{ requests: […] }` are as many requests. */
export async function readRequests(files: readonly string[]): Promise<readonly object[]> {
  if (files.filter((file) => file === "-").length > 1)
    throw new UsageError("Standard input can be read once: give -f - once.");
  const read: object[] = [];
  for (const file of files) for (const request of await parseRequests(file, await readText(file))) read.push(request);
  if (read.length === 0) throw new UsageError(`There is no request in ${files.map(nameOf).join(", ")}.`);
  return read;
}

/** Never more than is taken: what a pipe or a device gives need not end. */
async function readText(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > mostBytes) break;
    }
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? whys[String(cause.code)] : undefined;
    throw new UsageError(`${nameOf(file)} ${why ?? `cannot be read: ${String(cause)}`}.`, { cause });
  }
  if (size <= mostBytes) return Buffer.concat(chunks).toString("utf8");
  throw new UsageError(`${nameOf(file)} has more than 4 MB; the service takes no more at a time: send it in parts.`);
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EISDIR: "is a folder; name files",
  EACCES: "may not be read",
};

export async function parseRequests(file: string, content: string): Promise<readonly object[]> {
  const documents = await parseYaml(nameOf(file), content);
  return documents.flatMap((value, index) => {
    // `---` at the end, or a document of comments alone.
    if (value === null || value === undefined) return [];
    const values: readonly unknown[] = Array.isArray(value) ? value : isBatch(value) ? value.requests : [value];
    return values.map((each) => {
      if (typeof each === "object" && each !== null && !Array.isArray(each)) return each;
      throw new UsageError(`${nameOf(file)}: document ${index + 1} holds ${inWords(each)}, and that is no request.`);
    });
  });
}

function inWords(value: unknown): string {
  const text = Array.isArray(value) ? "a list in a list" : JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function isBatch(value: unknown): value is { readonly requests: unknown[] } {
  return typeof value === "object" && value !== null && "requests" in value && Array.isArray(value.requests);
}

function nameOf(file: string): string {
  return file === "-" ? "Standard input" : file;
}
