/** The headers that authenticate the caller. Their values are never printed. */

import { messageOf } from "../../src/domain/messageOf.ts";
import { NotSignedIn } from "../failures.ts";
import type { Credential } from "./server.ts";

export type Headers = Readonly<Record<string, string>>;

export function headersOf(credential: Credential): () => Promise<Headers> {
  switch (credential.kind) {
    case "none":
      return async () => ({});
    case "key":
      return async () => ({ "x-mooring-key": credential.secret });
    case "token":
      return async () => ({ authorization: `Bearer ${credential.secret}` });
    case "audience":
      return tokensFor(credential.audience);
  }
}

/** Azure's credential chain: a workload's federated token, a managed identity, Azure CLI and others. It caches tokens while they last. */
function tokensFor(audience: string): () => Promise<Headers> {
  let source: Promise<{ getToken(scope: string): Promise<{ token: string } | null> }> | undefined;
  return async () => {
    // Takes half a second to load, so only when it is needed.
    source ??= import("@azure/identity").then(({ DefaultAzureCredential }) => new DefaultAzureCredential());
    try {
      const token = await (await source).getToken(`${audience}/.default`);
      if (token) return { authorization: `Bearer ${token.token}` };
    } catch (cause) {
      const [reason = ""] = messageOf(cause).split("\n");
      throw new NotSignedIn(`No token for ${audience}: ${reason}`, {
        next: ["az login", "AZURE_TOKEN_CREDENTIALS=AzureCliCredential asks Azure CLI alone"],
        cause,
      });
    }
    throw new NotSignedIn(`No token for ${audience}.`, { next: ["az login"] });
  };
}
