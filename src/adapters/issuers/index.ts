/** The port `Issuers`: the documents of an OpenID provider, read as anyone reads them (OpenID Connect Discovery 1.0, section 4). */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import type { Issuers } from "../../ports/issuers.ts";
import { hideAddresses } from "../addresses.ts";
import { within } from "../within.ts";

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https$/ }) });
const KeySet = z.object({ keys: z.array(z.object({ kid: z.string().optional(), kty: z.string() })) });

export function createIssuers({ timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Issuers {
  async function readDocument<T>(address: string, shape: z.ZodType<T>, what: string): Promise<T> {
    const parsed = shape.safeParse(await ask(address, { what, timeoutMs }));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw unusable(`${what} is not one: ${issue?.path.join(".")}: ${issue?.message}`);
  }

  return {
    async read(wanted, { alias }) {
      const of = `of the issuer of cluster "${alias}"`;
      const address = `${wanted.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const { issuer, jwks_uri } = await readDocument(address, Discovery, `The discovery document ${of}`);
      const [{ keys }, isPrivate] = await Promise.all([
        readDocument(jwks_uri, KeySet, `The key set ${of} (jwks_uri)`),
        isAtPrivateAddress(wanted),
      ]);
      return { issuer, keys: keys.map(({ kid: id, kty: type }) => ({ id, type })), isPrivate };
    },
  };
}

async function ask(address: string, { what, timeoutMs }: { what: string; timeoutMs: number }): Promise<unknown> {
  try {
    return await within(timeoutMs, async (signal) => {
      const response = await fetch(address, { redirect: "manual", signal });
      const text = await response.text();
      const { status } = response;
      if (status >= 500 || status === 429) throw unreachable(`${what} answers ${status}`);
      if (!response.ok) throw unusable(`${what} answers ${status}`);
      return JSON.parse(text) as unknown;
    });
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) throw error;
    if (error instanceof SyntaxError) throw unusable(`${what} is not JSON`, error);
    const reason = rootOf(error);
    const said = hideAddresses(messageOf(reason));
    if (isUntrusted(reason))
      throw unusable(`${what} comes with a certificate that Mooring does not trust: ${said}`, error);
    throw unreachable(`${what} does not come: ${said}`, error);
  }
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}

/** nodejs.org "TLS": OpenSSL's names for what is wrong with a certificate, and Node's own. */
function isUntrusted(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /CERT|SELF_SIGNED|VERIFY|ALTNAME/.test(code);
}

function unreachable(message: string, cause?: unknown): TransientError {
  return new TransientError("OIDC_ISSUER_UNREACHABLE", `${message}.`, { cause });
}

function unusable(message: string, cause?: unknown): PermanentError {
  return new PermanentError("OIDC_ISSUER_UNUSABLE", `${message}.`, { cause });
}

/** Networks that the internet does not route: RFC 1918, 4193, 6598 (carrier-grade NAT), loopback and link-local addresses. */
const privateNetworks = new BlockList();
for (const [network, bits] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
] as const)
  privateNetworks.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["fc00::", 7],
  ["fe80::", 10],
  ["::1", 128],
] as const)
  privateNetworks.addSubnet(network, bits, "ipv6");

/** False if that cannot be found out. */
async function isAtPrivateAddress(issuer: string): Promise<boolean> {
  const host = new URL(issuer).hostname.replace(/^\[|\]$/g, "");
  const found = await lookup(host, { all: true }).catch(() => []);
  const isPrivate = (address: string) => privateNetworks.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return found.length > 0 && found.every(({ address }) => isPrivate(address));
}
