/** One call that only reads, to a service with a REST interface. */
import { Refusal } from "../message-app/refusal.ts";
import { getToken } from "../message-app/token.ts";
import type { Result } from "./targets.ts";

export interface ReadCall {
  readonly url: string;
  /** The resource for which the token is, and the same for people. */
  readonly resource: string;
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The header with the token, where it is not the usual one. */
  readonly authorize?: (token: string) => string;
}

const timeoutMs = 10_000;
/**
 * 403 of a firewall, which is no matter of rights (learn.microsoft.com "Status and error codes", "Key Vault error codes", "Configure
 * Azure AI services virtual networks").
 */
const ofFirewall =
  /\b(AuthorizationFailure|ForbiddenByFirewall|ForbiddenByConnection|Virtual Network\/Firewall rules|Public access is disabled)\b/;

export async function read({ url, resource, what, headers, authorize = bearer }: ReadCall): Promise<Result> {
  let token: string;
  try {
    token = await getToken(resource, what);
  } catch (error) {
    return { result: "token", detail: error instanceof Refusal ? error.message : String(error) };
  }
  let answer: Response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    answer = await fetch(url, { headers: { ...headers, authorization: authorize(token) }, signal });
  } catch (error) {
    return { result: "unreachable", detail: describe(error) };
  }
  const text = await answer.text().catch(() => "");
  if (answer.ok) return { result: "ok" };
  const code = answer.headers.get("x-ms-error-code") ?? /"code"\s*:\s*"([A-Za-z]+)"/.exec(text)?.[1] ?? "";
  const detail = `${answer.status} ${code}`.trim();
  if (answer.status === 404) return { result: "absent", detail };
  const isRefusal = answer.status === 401 || answer.status === 403;
  return { result: isRefusal && !ofFirewall.test(`${code} ${text}`) ? "refused" : "unreachable", detail };
}

function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** `fetch failed` says nothing; its cause does. */
function describe(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  const reason = cause instanceof Error ? cause : error;
  if (!(reason instanceof Error)) return String(reason);
  return "code" in reason && typeof reason.code === "string" ? reason.code : reason.message;
}
