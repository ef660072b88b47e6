/** Blobs by Azure Storage's REST interface (learn.microsoft.com "Put Blob", "List Blobs"). An SDK would do as well. */
import { Refusal } from "../message-app/refusal.ts";
import { getToken } from "../message-app/token.ts";

export interface Container {
  readonly endpoint: string;
  readonly container: string;
}

export async function putBlob({ endpoint, container }: Container, name: string, text: string): Promise<void> {
  await call(container, `${endpoint}/${container}/${encodeURIComponent(name)}`, {
    method: "PUT",
    headers: { "x-ms-blob-type": "BlockBlob", "content-type": "text/plain; charset=utf-8" },
    body: text,
  });
}

export async function listBlobs({ endpoint, container }: Container): Promise<readonly string[]> {
  const text = await call(container, `${endpoint}/${container}?restype=container&comp=list`, { method: "GET" });
  return [...text.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name = ""]) => name);
}

interface Call {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function call(container: string, url: string, { headers, ...request }: Call): Promise<string> {
  const token = await getToken("https://storage.azure.com", "storage");
  const where = `container "${container}"`;
  let answer: Response;
  try {
    const sent = { "x-ms-version": "2023-11-03", ...headers, authorization: `Bearer ${token}` };
    answer = await fetch(url, { ...request, headers: sent });
  } catch (error) {
    throw new Refusal("unreachable", `Cannot reach ${where}: ${String(error)}`, { cause: error });
  }
  if (answer.ok) return await answer.text();
  const what = `${answer.status} ${answer.headers.get("x-ms-error-code") ?? ""}`.trim();
  if (answer.status === 403) throw new Refusal("permission", `May not ${request.method} in ${where}: ${what}`);
  if (answer.status === 401) throw new Refusal("login", `Not let in to ${where}: ${what}`);
  throw new Refusal("unexpected", `${request.method} in ${where}: ${what}`);
}
