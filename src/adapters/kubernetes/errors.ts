/** What an API server's answer means, or the lack of one. kubernetes.io "API Concepts"; Status in the API reference. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";
import { unconnected } from "../unconnected.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

const Status = z.object({
  kind: z.literal("Status"),
  message: z.string().default(""),
  reason: z.string().default(""),
  details: z
    .object({
      kind: z.string().default(""),
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(
          z.object({
            reason: z.string().default(""),
            message: z.string().default(""),
            field: z.string().default(""),
          }),
        )
        .default([]),
    })
    .prefault({}),
});
type Status = z.infer<typeof Status>;

/** The error for an answer that is not a success. */
export function toError(cluster: ClusterTarget, request: ClusterRequest, reply: ClusterReply): Error {
  const status = readStatus(reply.body);
  const detail = status?.message || reply.body.trim().slice(0, 200) || "no message";
  const message = `${subject(cluster, request)} answered ${reply.status}: ${shown(cluster, detail)}`;
  const retryAfterSeconds = readRetryAfter(reply, status);
  const waiting = defined({ retryAfterSeconds });

  if (/admission webhook "[^"]*" does not support dry run/.test(detail)) {
    return new PermanentError("DRY_RUN_UNSUPPORTED", message);
  }
  if (reply.status >= 400 && reply.status < 500 && isAdmissionDenial(detail)) {
    const code = detail.includes(managedNamespaceWebhook) ? "MANAGED_NAMESPACE_REFUSED" : "KUBERNETES_ADMISSION_DENIED";
    return new PermanentError(code, message);
  }
  switch (reply.status) {
    case 401:
      return new TransientError("AUTHENTICATION_FAILED", message, waiting);
    case 403:
      // The controller has not counted yet what a new quota is about.
      if (detail.includes("status unknown for quota: ")) return new TransientError("KUBERNETES_THROTTLED", message);
      if (detail.includes("exceeded quota: ")) return new PermanentError("KUBERNETES_QUOTA_EXCEEDED", message);
      return new PermanentError(isTerminating(status) ? "NAMESPACE_TERMINATING" : "KUBERNETES_FORBIDDEN", message);
    case 409:
      return conflict(cluster, request, { status, message });
    // 410: a page of a list has expired; the list has to start over.
    case 410:
    case 429:
      return new TransientError("KUBERNETES_THROTTLED", message, waiting);
    case 400:
    case 404:
    case 405:
    case 413:
    case 415:
    case 422:
      return new PermanentError("KUBERNETES_REJECTED", message);
  }
  // Server-side apply answers 500 for a field that is not in the schema (kubernetes/kubernetes#139253): a retry does not help,
  // although the status suggests it.
  if (reply.status === 500 && detail.startsWith("failed to create typed patch object")) {
    return new PermanentError("KUBERNETES_REJECTED", message);
  }
  if (reply.status >= 500) return new TransientError("CLUSTER_UNREACHABLE", message, waiting);
  return new Error(message);
}

/**
 * Whether a 404 is about the namespace of the object that was written, which the admission plugin NamespaceLifecycle looks up, and
 * not about the object's kind.
 */
export function lacksNamespace({ body }: ClusterReply): boolean {
  return readStatus(body)?.details.kind === "namespaces";
}

/**
 * The error if there was no answer: the connection was refused, broken, not trusted, or too slow. Unless it was not trusted, the
 * request may have taken effect.
 */
export function unreachable(
  cluster: ClusterTarget,
  request: ClusterRequest,
  { error, timeoutMs }: { error: unknown; timeoutMs: number },
): PermanentError | TransientError {
  const untrusted = codesOf(error).find((code) => codesOfUnknownAuthority.has(code));
  if (untrusted !== undefined) return untrustedCertificate(cluster, request, { reason: untrusted, cause: error });
  const isLate = error instanceof Error && error.name === "TimeoutError";
  const why = isLate
    ? `did not answer within ${timeoutMs / 1000} s`
    : `did not answer: ${shown(cluster, rootMessage(error))}`;
  return new TransientError("CLUSTER_UNREACHABLE", `${subject(cluster, request)} ${why}`, {
    cause: error,
    isWithoutEffect: codesOf(error).some((code) => unconnected.has(code)),
  });
}

/** nodejs.org "TLS": the certificate does not chain to a trusted authority. */
const codesOfUnknownAuthority: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

/** The error for a 403 of a server that is not ready: it refuses everybody. */
export function notReady(cluster: ClusterTarget, request: ClusterRequest): TransientError {
  const message = `${subject(cluster, request)} was refused by an API server that is not ready`;
  return new TransientError("CLUSTER_UNREACHABLE", message, { isWithoutEffect: true });
}

/** Permanent, because a retry does not help: the catalog has to name another authority. */
function untrustedCertificate(
  cluster: ClusterTarget,
  request: ClusterRequest,
  { reason, cause }: { reason: string; cause: unknown },
): PermanentError {
  const setting = `clusters.${cluster.alias}.certificateAuthority`;
  const why =
    cluster.certificateAuthority === undefined
      ? `was issued by an unknown authority, and ${setting} is not set`
      : `is not signed by ${setting} of the catalog`;
  const message = `${subject(cluster, request)} was not sent: the server's certificate ${why} (${reason}).`;
  return new PermanentError("CLUSTER_CERTIFICATE_UNTRUSTED", message, { cause });
}

function codesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  return [...own, ...codesOf(error.cause)];
}

/** The error for a successful answer whose body is not what the API promises. */
export function garbled(cluster: ClusterTarget, request: ClusterRequest, cause: unknown): TransientError {
  const message = `${subject(cluster, request)} answered with something that is not a Kubernetes object`;
  return new TransientError("CLUSTER_UNREACHABLE", message, { cause });
}

/** The error for an object that somebody else has written or deleted since it was read: the retry reads it again. */
export function outdated(cluster: ClusterTarget, request: ClusterRequest, reply: ClusterReply): TransientError {
  const detail = readStatus(reply.body)?.message ?? "";
  const message = `${subject(cluster, request)} answered ${reply.status}: ${shown(cluster, detail)}`;
  return new TransientError("KUBERNETES_THROTTLED", message);
}

function conflict(
  cluster: ClusterTarget,
  request: ClusterRequest,
  { status, message }: { status: Status | undefined; message: string },
): Error {
  const causes = status?.details.causes.filter(({ reason }) => reason === "FieldManagerConflict") ?? [];
  // Somebody else wrote or deleted at the same time: the retry reads the current state.
  if (causes.length === 0) return new TransientError("KUBERNETES_THROTTLED", message);
  // `conflict with "kubectl" using v1`
  const owners = causes.map((cause) => {
    const manager = /^conflict with ("[^"]*")/.exec(cause.message)?.[1] ?? cause.message;
    return `${cause.field} belongs to ${manager}`;
  });
  return new PermanentError("KUBERNETES_CONFLICT", `${subject(cluster, request)} refused: ${owners.join("; ")}`);
}

/** Of AKS: it refuses changes to what Azure Resource Manager manages (Azure/AKS#5410). */
const managedNamespaceWebhook = 'admission webhook "aks-namespace-validating-webhook.azmk8s.io"';

/** Webhooks and policies choose the status of their answers; only the wording is the API server's own. */
function isAdmissionDenial(detail: string): boolean {
  return (
    /admission webhook "[^"]*" denied the request/.test(detail) ||
    /ValidatingAdmissionPolicy '[^']*' .*denied request/.test(detail)
  );
}

function isTerminating(status: Status | undefined): boolean {
  if (status === undefined) return false;
  const isNamed = status.details.causes.some(({ reason }) => reason === "NamespaceTerminating");
  return isNamed || status.message.includes("because it is being terminated");
}

function readStatus(body: string): Status | undefined {
  try {
    return Status.safeParse(JSON.parse(body)).data;
  } catch {
    // Proxies and unknown paths answer in plain text.
    return undefined;
  }
}

function readRetryAfter({ headers }: ClusterReply, status: Status | undefined): number | undefined {
  const seconds = Number(headers["retry-after"] ?? status?.details.retryAfterSeconds);
  return Number.isFinite(seconds) ? seconds : undefined;
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

function subject({ alias }: ClusterTarget, { method, path }: ClusterRequest): string {
  return `Cluster "${alias}": ${method} ${path}`;
}

function shown({ apiServer }: ClusterTarget, text: string): string {
  return hideAddresses(text, [new URL(apiServer).hostname]);
}
