/** An access token for one of the sandbox's people, to use as MOORING_TOKEN. */
import { exitCodes, UsageError } from "../failures.ts";
import type { Session } from "../session.ts";
import { askSandbox } from "./control.ts";

export async function printToken(session: Session, person: string | undefined): Promise<number> {
  if (person === undefined)
    throw new UsageError("sandbox token needs a person.", { next: ["mooring sandbox token requester"] });
  const call = { method: "POST", path: `/sandbox/people/${encodeURIComponent(person)}/token` } as const;
  const document = await askSandbox<{ readonly token: string }>(session.client, call, ["token"]);
  await session.print({ document, names: [person], lines: () => [document.token] });
  return exitCodes.done;
}
