/** Containers and block blobs (learn.microsoft.com "List Containers", "List Blobs", "Put Blob", "Get Blob", "Get Blob Properties", "Delete Blob"). */
import type { HttpReply } from "../httpServer.ts";
import type { Asked } from "./asked.ts";
import { escapeXml, failures, xml } from "./failures.ts";

export function answerBlobs(asked: Asked): HttpReply {
  const { method, names, query, account, body, contentType, now, range, expectRight } = asked;
  const [container, ...path] = names;
  const { containers } = account;
  if (container === undefined) {
    if (method !== "GET" || query.get("comp") !== "list") throw failures.unsupported(`${method} of an account`);
    expectRight("containers/read");
    const listed = [...containers.keys()].map((name) => `<Container><Name>${escapeXml(name)}</Name></Container>`);
    return xml(
      200,
      `<EnumerationResults><Containers>${listed.join("")}</Containers><NextMarker/></EnumerationResults>`,
    );
  }
  const blobs = () => {
    const found = containers.get(container);
    if (!found) throw failures.noContainer();
    return found;
  };
  if (path.length === 0) {
    if (method !== "GET" || query.get("comp") !== "list") throw failures.unsupported(`${method} of a container`);
    expectRight("blobs/read");
    const most = Number(query.get("maxresults") ?? 5_000);
    const listed = [...blobs()].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, most);
    const texts = listed.map(([name, blob]) => {
      const properties = `<Last-Modified>${blob.modifiedTime.toUTCString()}</Last-Modified><Content-Length>${Buffer.byteLength(blob.text)}</Content-Length><Content-Type>${escapeXml(blob.contentType)}</Content-Type><BlobType>BlockBlob</BlobType>`;
      return `<Blob><Name>${escapeXml(name)}</Name><Properties>${properties}</Properties></Blob>`;
    });
    return xml(200, `<EnumerationResults><Blobs>${texts.join("")}</Blobs><NextMarker/></EnumerationResults>`);
  }
  const name = path.join("/");
  switch (method) {
    case "PUT":
      expectRight("blobs/write");
      blobs().set(name, { text: body, contentType: contentType ?? "application/octet-stream", modifiedTime: now });
      return { status: 201, headers: versionAt(now) };
    // Of a HEAD, the server sends the headers alone.
    case "HEAD":
    case "GET": {
      expectRight("blobs/read");
      const blob = blobs().get(name);
      if (!blob) throw failures.noBlob();
      const headers = { "content-type": blob.contentType, "x-ms-blob-type": "BlockBlob" };
      return inRange(range, { headers: { ...headers, ...versionAt(blob.modifiedTime) }, text: blob.text });
    }
    case "DELETE":
      expectRight("blobs/delete");
      if (!blobs().delete(name)) throw failures.noBlob();
      return { status: 202 };
    default:
      throw failures.unsupported(`${method} of a blob`);
  }
}

/** Clients ask for the first megabytes of a blob whose size they do not know ("Specifying the range header for Blob service operations"). */
function inRange(
  range: string | undefined,
  { headers, text }: { readonly headers: Readonly<Record<string, string>>; readonly text: string },
): HttpReply {
  const bounds = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  if (!bounds) return { status: 200, headers, body: text };
  const bytes = Buffer.from(text);
  const first = Number(bounds[1]);
  if (first >= bytes.length) throw failures.invalidRange();
  const last = Math.min(bounds[2] ? Number(bounds[2]) : bytes.length, bytes.length - 1);
  const part = bytes.subarray(first, last + 1).toString();
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${first}-${last}/${bytes.length}` },
    body: part,
  };
}

function versionAt(time: Date): Readonly<Record<string, string>> {
  return { "last-modified": time.toUTCString(), etag: `"${time.getTime()}"` };
}
