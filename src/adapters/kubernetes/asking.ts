/** Answers of an API server, in the shape that the asker expects. */
import type { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import type { Send } from "./connection.ts";
import { garbled, toError } from "./errors.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

export interface Asking {
  ask<T>(cluster: ClusterTarget, request: ClusterRequest, shape: z.ZodType<T>): Promise<T>;
  /** The same, but undefined for 404. */
  find<T>(cluster: ClusterTarget, request: ClusterRequest, shape: z.ZodType<T>): Promise<T | undefined>;
}

export function createAsking(send: Send): Asking {
  return {
    async ask(cluster, request, shape) {
      return answerIn(await send(cluster, request), { cluster, request, shape });
    },
    async find(cluster, request, shape) {
      const reply = await send(cluster, request);
      return reply.status === 404 ? undefined : answerIn(reply, { cluster, request, shape });
    },
  };
}

interface Asked<T> {
  readonly cluster: ClusterTarget;
  readonly request: ClusterRequest;
  readonly shape: z.ZodType<T>;
}

export function isSuccess({ status }: ClusterReply): boolean {
  return status >= 200 && status < 300;
}

/** Throws what the server refused, and an answer that has another shape. */
export function answerIn<T>(reply: ClusterReply, asked: Asked<T>): T {
  if (!isSuccess(reply)) throw toError(asked.cluster, asked.request, reply);
  let body: unknown;
  try {
    body = JSON.parse(reply.body);
  } catch (error) {
    throw garbled(asked.cluster, asked.request, error);
  }
  return parse(body, asked);
}

export function parse<T>(body: unknown, { cluster, request, shape }: Asked<T>): T {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw garbled(cluster, request, parsed.error);
  return parsed.data;
}
