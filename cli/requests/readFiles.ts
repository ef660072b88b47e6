/** Reads onboarding requests from files: JSON or YAML, one or many. The service validates them. */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { group, kind as ownKind } from "../../src/domain/request/objectForm.ts";
import { suggest } from "../../src/domain/suggest.ts";
import { UsageError } from "../failures.ts";
import { whyUnreadable } from "../unreadable.ts";
import { findFiles, type Search } from "./findFiles.ts";
import { parseYaml } from "./parseYaml.ts";

/** Sixteen batches; a pipe or a device may never end. */
const mostBytes = 16 * 1024 * 1024;

/** A request, and where it is written: `teams.yaml, document 2`. */
export interface Written {
  readonly request: object;
  readonly where: string;
  /** Where a field is written, when that is not in a document. */
  placeOf?(pointer: string): string;
}

/** A file may hold several requests: as several documents, a list, a `List`, or `{ requests: […] }`. */
export async function readRequests(words: readonly string[], search: Search): Promise<readonly Written[]> {
  const files = await findFiles(words, search);
  const read: Written[] = [];
  for (const file of files) for (const each of await parseRequests(file, await readText(file))) read.push(each);
  const { own = [], others = [] } = Object.groupBy(read, ({ request }) => (kindOfOthers(request) ? "others" : "own"));
  const kinds = [...new Set(others.map(({ request }) => kindOfOthers(request)))].toSorted().join(", ");
  if (own.length === 0) {
    const instead = kinds === "" ? "" : `, but ${kinds}`;
    throw new UsageError(`No request in ${words.map(nameOf).join(", ")}${instead}.`);
  }
  if (kinds !== "") search.say(`Skipped, because they are not Mooring's: ${kinds}.`);
  return own;
}

/**
 * The kind of an object that is not a request, as kustomize output and folders may contain. Both kind and group must differ: if
 * only one does, it is a misspelt request, and the service reports that.
 */
function kindOfOthers(request: object): string | undefined {
  const { apiVersion, kind }: { apiVersion?: unknown; kind?: unknown } = request;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  return kind === ownKind || apiVersion.startsWith(`${group}/`) ? undefined : kind;
}

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
    const meant = await findMeant(file);
    const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
    throw new UsageError(`${nameOf(file)} ${whyUnreadable(cause)}.${hint}`, { cause });
  }
  if (size <= mostBytes) return Buffer.concat(chunks).toString("utf8");
  throw new UsageError(`${nameOf(file)} has more than 16 MB: send it in parts.`);
}

/** The file in the same folder that was probably meant, if the one that was named is not there. */
async function findMeant(file: string): Promise<string | undefined> {
  const names = await readdir(dirname(file)).catch((): string[] => []);
  const meant = names.includes(basename(file)) ? undefined : suggest(basename(file), names);
  return meant && join(dirname(file), meant);
}

export async function parseRequests(file: string, content: string): Promise<readonly Written[]> {
  const documents = await parseYaml(nameOf(file), content);
  return documents.flatMap((value, index) => {
    // `---` at the end, or a document with only comments.
    if (value === null || value === undefined) return [];
    const document = documents.length === 1 ? nameOf(file) : `${nameOf(file)}, document ${index + 1}`;
    return itemsOf(value, document).map(({ item, where }) => {
      if (typeof item === "object" && item !== null && !Array.isArray(item)) return { request: item, where };
      throw new UsageError(`${where} holds ${inWords(item)}, which is not a request.`);
    });
  });
}

interface Item {
  readonly item: unknown;
  readonly where: string;
}

/** A `List` may also hold other objects, as kubectl prints them. */
function itemsOf(value: unknown, where: string, isInList = false): readonly Item[] {
  const items = isList(value) ? value.items : isInList ? undefined : Array.isArray(value) ? value : requestsOf(value);
  if (!items) return [{ item: value, where }];
  return items.flatMap((each, index) => itemsOf(each, `${where}, item ${index + 1}`, true));
}

function isList(value: unknown): value is { readonly items: unknown[] } {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("items" in value)) return false;
  return (value.kind === "List" || value.kind === `${ownKind}List`) && Array.isArray(value.items);
}

function requestsOf(value: unknown): unknown[] | undefined {
  if (typeof value !== "object" || value === null || !("requests" in value)) return undefined;
  return Array.isArray(value.requests) ? value.requests : undefined;
}

function inWords(value: unknown): string {
  const text = Array.isArray(value) ? "a list in a list" : JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function nameOf(file: string): string {
  return file === "-" ? "Standard input" : file;
}
