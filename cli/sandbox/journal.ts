/** The calls to the simulated cloud, oldest first. */
import { readCount } from "../arguments/values.ts";
import { exitCodes } from "../failures.ts";
import { table } from "../output/table.ts";
import type { Session } from "../session.ts";
import { askSandbox } from "./control.ts";
import type { JournalDocument } from "./documents.ts";

export interface JournalFlags {
  readonly wire: string | undefined;
  readonly contains: string | undefined;
  readonly after: string | undefined;
  readonly limit: string | undefined;
}

export async function showJournal(session: Session, { wire, contains, after, limit }: JournalFlags): Promise<number> {
  if (after !== undefined) readCount("--after", after, { least: 0, most: 999_999_999 });
  if (limit !== undefined) readCount("--limit", limit, { most: 10_000 });
  const call = { method: "GET", path: "/sandbox/journal", query: { wire, contains, after, limit } } as const;
  const document = await askSandbox<JournalDocument>(session.client, call, ["value", "isCut"]);
  const { value, isCut } = document;
  await session.print({
    document,
    names: value.map(({ number }) => String(number)),
    lines: (view) =>
      value.length === 0
        ? ["No such call has arrived."]
        : table(
            value,
            [
              { title: "CALL", cell: ({ number }) => String(number) },
              { title: "TIME", cell: ({ at }) => at.slice(11, 23) },
              { title: "WIRE", cell: (each) => each.wire },
              { title: "OPERATION", cell: ({ operation }) => operation },
              { title: "TARGET", cell: ({ target }) => target },
              { title: "FAULT", cell: ({ fault = "" }) => fault },
            ],
            view,
          ),
  });
  if (isCut) session.say("There are older calls; --limit says how many to show.");
  return exitCodes.done;
}
