/** Variable assignments for a shell's eval. */
import { quoteWord } from "../../src/domain/naming/quoteWord.ts";
import { exitCodes } from "../failures.ts";
import type { Session } from "../session.ts";
import { askSandbox } from "./control.ts";
import type { EnvironmentDocument } from "./documents.ts";

export async function showEnvironment(session: Session): Promise<number> {
  const call = { method: "GET", path: "/sandbox/environment" } as const;
  const document = await askSandbox<EnvironmentDocument>(session.client, call, ["variables"]);
  const variables = Object.entries(document.variables);
  await session.print({
    document,
    names: variables.map(([name]) => name),
    lines: () => variables.map(([name, value]) => `export ${name}=${quoteWord(value)}`),
  });
  return exitCodes.done;
}
