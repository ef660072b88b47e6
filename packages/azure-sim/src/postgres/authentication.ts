/**
 * Who may log in as a role. The messages are those that Azure Database for PostgreSQL gives; all of them are of class 28000, but
 * the one for a role that Microsoft Entra does not know.
 */
import { checkAccessToken } from "../entra/accessTokens.ts";
import type { World } from "../world.ts";
import type { ServerError } from "./wire.ts";

export const audience = "https://ossrdbms-aad.database.windows.net";

/** What the server's table of labels has for a role. */
export interface Label {
  readonly objectId: string;
  readonly principalType: string;
}

/** Undefined if the token is the role's. */
export async function refusalOf(
  world: World,
  { role, token, label }: { role: string; token: string; label: Label | undefined },
): Promise<ServerError | undefined> {
  if (!label) return { severity: "FATAL", code: "28P01", message: `password authentication failed for user "${role}"` };
  const check = await checkAccessToken(world, token, [audience, `${audience}/`]);
  switch (check.outcome) {
    case "expired":
      return refusal("The access token has expired. Please acquire a new token and retry.");
    case "wrongAudience":
      return refusal(
        `The access token does not have a valid audience claim. Please acquire a new token for the resource "${audience}".`,
      );
    case "invalid":
      return refusal(
        `Microsoft Entra access token not valid for role "${role}"`,
        "Did you specify the correct user name and access token?",
      );
    case "valid":
      if (label.principalType !== "service")
        return refusal(
          `Microsoft Entra user token for role "${role}" is neither an AAD_AUTH_TOKENTYPE_APP_USER or an AAD_AUTH_TOKENTYPE_APP_OBO token.`,
        );
      if (check.principalId.toLowerCase() === label.objectId) return undefined;
      return refusal(
        `Service principal oid mismatch for role "The oid in the security label [${label.objectId}] does not match the appid ` +
          `[${check.clientId}] or oid [${check.principalId}] in the token."`,
      );
  }
}

function refusal(message: string, hint?: string): ServerError {
  return { severity: "FATAL", code: "28000", message, ...(hint === undefined ? {} : { hint }) };
}
