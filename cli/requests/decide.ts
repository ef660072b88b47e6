/** A person's decision about an operation. */
import { exitCodes } from "../failures.ts";
import { findOperation } from "../service/findOperation.ts";
import type { Session } from "../session.ts";
import { waitAndPrint } from "../wait.ts";
import { plan } from "./change.ts";

const done = { approve: "approved", reject: "rejected", cancel: "asked to stop" } as const;

export interface Decision {
  readonly verb: keyof typeof done;
  /** The operation as named on the command line. */
  readonly text: string;
  readonly body: Readonly<Record<string, string | undefined>>;
  /** The ETag of the operation as the person saw it. */
  readonly ifMatch: string | undefined;
  /** Print what the decision would do, without deciding. */
  readonly isDryRun: boolean;
}

export async function decide(session: Session, { verb, text, body, ifMatch, isDryRun }: Decision): Promise<number> {
  const id = await findOperation(session.client, text);
  const call = { route: `POST /api/operations/{id}/${verb}`, at: { id }, body, ifMatch } as const;
  if (isDryRun) return await plan(session, { call, title: `${verb} ${id}`, name: id });
  const document = await session.client.json(call, ["id", "kind"]);
  if (session.isWaiting) {
    return await waitAndPrint(session, id, { wanted: verb === "cancel" ? "Canceled" : "Succeeded" });
  }
  await session.print({ document, names: [id], lines: ({ paint }) => [`${id}  ${paint("bold", done[verb])}`] });
  if (verb !== "reject") session.say(`To follow it: mooring watch ${id}`);
  return exitCodes.done;
}
