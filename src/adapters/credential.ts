/**
 * Mooring's own identity. Its tokens are kept until they expire, and managed identities' live for a day: a service that refuses one
 * would be shown the same token again and again. So whoever is refused says so, and the next token is a fresh one. And every token comes in time or not at all: the credentials wait for ever where nobody answers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type AccessToken, DefaultAzureCredential, type GetTokenOptions, type TokenCredential } from "@azure/identity";
import { isAuthenticationFailure, TransientError } from "../domain/errors.ts";
import { logLine } from "../telemetry/logLine.ts";

/** What adapters are given. */
export interface Credential extends TokenCredential {
  /** A service did not take the token: it is not given again when there is another to be had. */
  refuse?(token: string): void;
}

export type RenewableCredential = Required<Credential>;

export interface TokenSource {
  /** Without the tokens that an earlier one kept. */
  open(): TokenCredential;
  /** Asks for a fresh token where another credential would find the same in a cache that they share. */
  renew(scope: string): Promise<unknown>;
}

/** Tokens are few, and one that was refused is soon replaced. */
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
      // A managed identity in Azure; on a developer's machine whatever AZURE_TOKEN_CREDENTIALS allows.
      open: () => new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId }),
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

  async function ask(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const token = await inTime(current.getToken(scopes, options), timeoutMs);
    if (token === null) throw noToken("the credential gave none");
    return token;
  }

  async function fresh(scopes: string | string[], old: string): Promise<AccessToken> {
    current = open();
    const token = await ask(scopes);
    if (token.token !== old) return token;
    await inTime(renew([scopes].flat()[0] ?? ""), timeoutMs);
    // The same again is what there is: Azure's endpoint keeps tokens of its own.
    const renewed = await ask(scopes);
    refused.delete(old);
    return renewed;
  }

  async function obtain(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const token = await ask(scopes, options);
    if (!refused.has(token.token)) return token;
    // Those who come at the same time are given the same.
    const renewal = renewals.get(token.token) ?? fresh(scopes, token.token);
    renewals.set(token.token, renewal);
    return await renewal.finally(() => renewals.delete(token.token));
  }

  return {
    async getToken(scopes, options) {
      // The SDK's credential keeps its tokens, too, but looks through all of its cache at every request.
      const key = options?.claims || options?.tenantId ? undefined : [scopes].flat().join(" ");
      const known = key === undefined ? undefined : kept.get(key);
      if (known && Date.now() < freshUntil(known) && !refused.has(known.token)) return known;
      try {
        const token = await obtain(scopes, options);
        if (key !== undefined) kept.set(key, token);
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

/** The same failure, with the thing that the token was for. */
export function about(error: TransientError, thing: string): TransientError {
  return new TransientError(error.code, `${thing}: ${error.message}`, { cause: error });
}

/** MSAL keeps the tokens of managed identities for the whole process; @azure/identity has no way to ask it for another. */
async function renewManagedIdentityToken(clientId: string | undefined, scope: string): Promise<void> {
  const { ManagedIdentityApplication } = await import("@azure/msal-node");
  const application = new ManagedIdentityApplication({
    managedIdentityIdParams: clientId === undefined ? {} : { userAssignedClientId: clientId },
    system: { disableInternalRetries: true },
  });
  await application.acquireToken({ resource: scope, forceRefresh: true });
}

/** As the pipelines of the SDKs do: two minutes before the end, or when its issuer would have it replaced. */
function freshUntil({ expiresOnTimestamp, refreshAfterTimestamp }: AccessToken): number {
  return Math.min(expiresOnTimestamp - 120_000, refreshAfterTimestamp ?? Number.POSITIVE_INFINITY);
}

async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = new AbortController();
  const limit = sleep(timeoutMs, undefined, { signal: late.signal }).then(() => {
    throw noToken(`no answer within ${timeoutMs / 1_000} s`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}

function noToken(reason: string, cause?: unknown): TransientError {
  return new TransientError("AUTHENTICATION_FAILED", `Mooring's identity got no token: ${reason}`, { cause });
}

/** The number of Entra's error says most; the rest names endpoints, and may repeat an answer. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  console.warn(logLine("no token", { reason: text.replaceAll(/\beyJ[\w-]+\.[\w.-]+/g, "[token]").slice(0, 1_000) }));
  return /AADSTS\d+/.exec(text)?.[0] ?? "Microsoft Entra, or the endpoint of the managed identity, did not give one";
}
