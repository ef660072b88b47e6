/**
 * Tokens of service accounts, in files that someone else keeps fresh: a kubelet replaces that of a projected volume when four
 * fifths of its time are over (kubernetes.io "Configure Service Accounts for Pods"). As in Kubernetes' own clients, a file is read
 * again each minute; and at once when its token has expired or was refused.
 */
import { readFile } from "node:fs/promises";
import { decodeJwt } from "jose";
import { type ServiceAccountLogin, userNameOf } from "../../domain/catalog/clusterLogin.ts";
import { TransientError } from "../../domain/errors.ts";
import { logLine } from "../../telemetry/logLine.ts";

const rereadMs = 60_000;

interface Kept {
  readonly token: string;
  readonly expiresAt: number;
  readonly readAt: number;
}

export interface TokenFiles {
  read(login: ServiceAccountLogin, cluster: string): Promise<string>;
  refuse(token: string): void;
}

export function createTokenFiles({ now = Date.now }: { readonly now?: () => number } = {}): TokenFiles {
  const kept = new Map<string, Kept>();

  return {
    async read(login, cluster) {
      const { tokenFile } = login;
      const key = `${userNameOf(login)} ${tokenFile}`;
      const known = kept.get(key);
      if (known && now() < Math.min(known.expiresAt, known.readAt + rereadMs)) return known.token;
      const what = `Cluster "${cluster}": the file that clusters.${cluster}.login.tokenFile of the catalog names`;
      const found = readToken(await readText(tokenFile, what), login, what);
      if (found.expiresAt <= now()) {
        const since = new Date(found.expiresAt).toISOString();
        throw noToken(`${what} has a token that expired at ${since}; whatever replaces it has stopped`);
      }
      kept.set(key, { ...found, readAt: now() });
      return found.token;
    },
    refuse(token) {
      for (const [key, each] of kept) if (each.token === token) kept.delete(key);
    },
  };
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    // The path is for the operator, not for the team that reads the operation.
    console.warn(logLine("no token", { file, reason: code }));
    throw noToken(`${what} ${code === "ENOENT" ? "is not there" : `cannot be read (${code})`}`, error);
  }
}

function readToken(text: string, login: ServiceAccountLogin, what: string): Pick<Kept, "token" | "expiresAt"> {
  const claims = claimsOf(text);
  if (claims === undefined) {
    const isKubeconfig = /^(kind: *Config|users:|clusters:|- *name:)|"kind" *: *"Config"|\bexec:/m.test(text);
    const why = isKubeconfig ? "is a kubeconfig; Mooring runs none of its programs" : "has no token in it";
    throw noToken(`${what} ${why}. It takes the token of a service account and nothing else`);
  }
  const { sub, exp } = claims;
  const wanted = userNameOf(login);
  if (sub !== wanted) throw noToken(`${what} has a token of ${sub ?? "nobody"}, not of ${wanted}`);
  return { token: text, expiresAt: exp === undefined ? Number.POSITIVE_INFINITY : exp * 1_000 };
}

function claimsOf(text: string): { readonly sub?: string; readonly exp?: number } | undefined {
  try {
    return decodeJwt(text);
  } catch {
    // decodeJwt throws only if the text is not a JWT.
    return undefined;
  }
}

/** Passing: someone may put the file right while the operation waits. */
function noToken(reason: string, cause?: unknown): TransientError {
  return new TransientError("AUTHENTICATION_FAILED", `${reason}.`, { cause });
}
