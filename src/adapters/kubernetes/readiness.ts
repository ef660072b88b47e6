/**
 * An API server that has just started answers everybody with 403 until it has read its roles, and for that moment `/readyz` is 500
 * (kubernetes.io "Kubernetes API health endpoints"). So a 403 is believed only of a server that is ready, and only a second time; and
 * so is the answer to whether something is allowed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { Send } from "./connection.ts";
import { notReady, toError } from "./errors.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

export function believeOnlyReady(send: Send): Send {
  return async (cluster, request) => {
    const reply = await send(cluster, request);
    // Quotas, policies and a namespace that is being deleted refuse with 403, too, and know why.
    const error = reply.status === 403 ? toError(cluster, request, reply) : undefined;
    const isForbidden = error instanceof PermanentError && error.code === "KUBERNETES_FORBIDDEN";
    return isForbidden ? await askReady(send, cluster, request) : reply;
  };
}

/** Asks once more what was refused, a moment later, and only a server that is ready. */
export async function askReady(send: Send, cluster: ClusterTarget, request: ClusterRequest): Promise<ClusterReply> {
  const { status } = await send(cluster, { method: "GET", path: "/readyz" });
  // Any other answer, such as that of a gateway that hides the path, says nothing.
  if (status >= 500) throw notReady(cluster, request);
  await sleep(pauseMs);
  return await send(cluster, request);
}

/** Longer than such a moment was measured to last, 80 ms. */
const pauseMs = 250;
