/**
 * Mooring's own identity. Its tokens are cached until they expire, and those of managed identities live for a day: a service that
 * refuses one would get the same token again and again. So adapters report a refused token, and the next one is fresh. Every
 * token request has a timeout, because the SDK's credentials wait forever if nobody answers.
 */

import { type AccessToken, DefaultAzureCredential, type GetTokenOptions, type TokenCredential } from "@azure/identity";
import { defined } from "../domain/defined.ts";
import { isAuthenticationFailure, TransientError } from "../domain/errors.ts";
import { messageOf } from "../domain/messageOf.ts";
import { unlessLate } from "../domain/unlessLate.ts";
import { logLine } from "../telemetry/logLine.ts";

/** The credential that adapters get. */
export interface Credential extends TokenCredential {
  /** A service refused the token: it is not returned again if another is available. */
  refuse?(token: string): void;
}

export type RenewableCredential = Required<Credential>;

export interface TokenSource {
  /** A credential without the tokens cached by an earlier one. */
  open(): TokenCredential;
  /** Gets a fresh token past the cache that all credentials share, where a new one would find the same token. */
  renew(scope: string): Promise<unknown>;
}

/** There are few tokens, and a refused one is soon replaced. */
const mostRefused = 100;

export function createCredential({
  clientId,
  timeoutMs,
}: {
  readonly clientId: string | undefined;
  readonly timeoutMs: number;
}): RenewableCredential {
  return renewable(
    {
      // In Azure a managed identity; on a developer's machine whatever AZURE_TOKEN_CREDENTIALS allows.
      open: () => new DefaultAzureCredential(defined({ managedIdentityClientId: clientId })),
      renew: (scope) => renewManagedIdentityToken(clientId, scope),
    },
    timeoutMs,
  );
}

export function renewable({ open, renew }: TokenSource, timeoutMs: number): RenewableCredential {
  let current = open();
  const refused = new Set<string>();
  const kept = new Map<string, AccessToken>();
  const renewals = new Map<string, Promise<AccessToken>>();
  const asked = new Map<string, Promise<AccessToken>>();
  const tooLate = () => {
    throw noToken(`no answer within ${timeoutMs / 1_000} s`);
  };

  async function ask(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const token = await unlessLate(current.getToken(scopes, options), timeoutMs, tooLate);
    if (token === null) throw noToken("the credential returned none");
    return token;
  }

  async function fresh(scopes: string | string[], old: string): Promise<AccessToken> {
    current = open();
    const token = await ask(scopes);
    if (token.token !== old) return token;
    await unlessLate(renew([scopes].flat()[0] ?? ""), timeoutMs, tooLate);
    // If it is the same token again, no other is available: Azure's endpoint has its own cache.
    const renewed = await ask(scopes);
    refused.delete(old);
    return renewed;
  }

  async function obtain(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const token = await ask(scopes, options);
    if (!refused.has(token.token)) return token;
    // Concurrent callers share one renewal.
    const renewal = renewals.get(token.token) ?? fresh(scopes, token.token);
    renewals.set(token.token, renewal);
    return await renewal.finally(() => renewals.delete(token.token));
  }

  return {
    async getToken(scopes, options) {
      // The SDK's credential also caches tokens, but searches its whole cache at every request.
      const key = options?.claims || options?.tenantId ? undefined : [scopes].flat().join(" ");
      const known = key === undefined ? undefined : kept.get(key);
      if (known && Date.now() < freshUntil(known) && !refused.has(known.token)) return known;
      try {
        if (key === undefined) return await obtain(scopes, options);
        // Everything that starts at the same time wants the same token.
        const asking = asked.get(key) ?? obtain(scopes).finally(() => asked.delete(key));
        asked.set(key, asking);
        const token = await asking;
        kept.set(key, token);
        return token;
      } catch (error) {
        throw isAuthenticationFailure(error) ? error : noToken(reasonOf(error), error);
      }
    },
    refuse(token) {
      refused.add(token);
      const [oldest] = refused;
      if (refused.size > mostRefused && oldest !== undefined) refused.delete(oldest);
    },
  };
}

/** The same failure, naming what the token was for. */
export function about(error: TransientError, thing: string): TransientError {
  return new TransientError(error.code, `${thing}: ${error.message}`, { cause: error });
}

/** MSAL caches managed identity tokens for the whole process; @azure/identity cannot ask it for another. */
async function renewManagedIdentityToken(clientId: string | undefined, scope: string): Promise<void> {
  const { ManagedIdentityApplication } = await import("@azure/msal-node");
  const application = new ManagedIdentityApplication({
    managedIdentityIdParams: defined({ userAssignedClientId: clientId }),
    system: { disableInternalRetries: true },
  });
  await application.acquireToken({ resource: scope, forceRefresh: true });
}

/** As in the SDKs' pipelines: two minutes before expiry, or when the issuer wants the token refreshed. */
function freshUntil({ expiresOnTimestamp, refreshAfterTimestamp }: AccessToken): number {
  return Math.min(expiresOnTimestamp - 120_000, refreshAfterTimestamp ?? Number.POSITIVE_INFINITY);
}

function noToken(reason: string, cause?: unknown): TransientError {
  return new TransientError("AUTHENTICATION_FAILED", `Mooring's identity got no token: ${reason}`, { cause });
}

/** Entra's error number says the most; the rest names endpoints and may repeat an answer. */
function reasonOf(error: unknown): string {
  const text = messageOf(error);
  console.warn(logLine("no token", { reason: text.replaceAll(/\beyJ[\w-]+\.[\w.-]+/g, "[token]").slice(0, 1_000) }));
  return /AADSTS\d+/.exec(text)?.[0] ?? "Microsoft Entra, or the endpoint of the managed identity, returned none";
}
