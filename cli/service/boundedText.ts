/** Reads the text of an answer, and gives up on one that no service of Mooring sends. */
import { NotMooring } from "../failures.ts";

/** The longest answer is a batch of a thousand namespaces, or the journal of a sandbox: some megabytes. */
const mostMegabytes = 32;
const most = mostMegabytes * 1024 * 1024;

export async function boundedText(server: URL, { status, headers, body }: Response): Promise<string> {
  const tooLong = () =>
    new NotMooring(
      `${server.origin} answered ${status} with more than ${mostMegabytes} MB, and no answer is that long.`,
      {
        status,
        next: ["Look at --server or MOORING_SERVER; for a list, ask for less with --limit or a filter."],
      },
    );
  if (Number(headers.get("content-length") ?? 0) > most) {
    await body?.cancel();
    throw tooLong();
  }
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > most) throw tooLong();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
