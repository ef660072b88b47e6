/** Onboarding requests out of files: JSON or YAML, one or many. What a request may say, the service knows. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError } from "../failures.ts";

/** A batch of the service takes 4 MB. */
const mostBytes = 4 * 1024 * 1024;

/** Several documents, a list, or `{ requests: […] }` are as many requests. */
export async function readRequests(files: readonly string[]): Promise<readonly object[]> {
  if (files.filter((file) => file === "-").length > 1)
    throw new UsageError("Standard input can be read once: give -f - once.");
  const read: object[] = [];
  for (const file of files) read.push(...(await parseRequests(file, await readText(file))));
  if (read.length === 0) throw new UsageError(`There is no request in ${files.map(nameOf).join(", ")}.`);
  return read;
}

async function readText(file: string): Promise<string> {
  try {
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    if (content.length <= mostBytes) return content;
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? whys[String(cause.code)] : undefined;
    throw new UsageError(`${nameOf(file)} ${why ?? `cannot be read: ${String(cause)}`}.`, { cause });
  }
  throw new UsageError(`${nameOf(file)} has more than 4 MB; the service takes no more at a time.`);
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EISDIR: "is a folder; name files",
  EACCES: "may not be read",
};

export async function parseRequests(file: string, content: string): Promise<readonly object[]> {
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const lineCounter = new LineCounter();
  // JSON is YAML, too. The schema of YAML 1.2: `no` is a text and no switch.
  const documents = parseAllDocuments(content, { lineCounter, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document, index) => {
    const [error] = document.errors;
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      throw new UsageError(`${nameOf(file)}, line ${line}, column ${col}: ${error.message}`, { cause: error });
    }
    // `---` at the end, or a document of comments alone.
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    const values: unknown[] = Array.isArray(value) ? value : isBatch(value) ? value.requests : [value];
    return values.map((each) => {
      if (typeof each === "object" && each !== null && !Array.isArray(each)) return each;
      throw new UsageError(
        `${nameOf(file)}: document ${index + 1} holds ${JSON.stringify(each)}, and that is no request.`,
      );
    });
  });
}

function isBatch(value: unknown): value is { readonly requests: unknown[] } {
  return typeof value === "object" && value !== null && "requests" in value && Array.isArray(value.requests);
}

function nameOf(file: string): string {
  return file === "-" ? "Standard input" : file;
}
