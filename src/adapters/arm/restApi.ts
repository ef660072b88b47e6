/** Calls to ARM's REST API without an SDK: what is asked, found, listed page by page, written and removed. */
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { Caller } from "./caller.ts";
import type { ArmRequest, openPipeline } from "./pipeline.ts";

export interface RestOptions {
  readonly endpoint: string;
  readonly caller: Caller;
  readonly pipeline: () => ReturnType<typeof openPipeline>;
}

/** `doing` describes a call for a person. */
export interface RestApi {
  ask<T>(doing: string, url: string, shape: z.ZodType<T>): Promise<T>;
  /** Undefined for 404. */
  find<T>(doing: string, url: string, shape: z.ZodType<T>): Promise<T | undefined>;
  list<T>(doing: string, first: URL, item: z.ZodType<T>): Promise<readonly T[]>;
  /** A write; what is removed may be gone already. */
  send(doing: string, request: ArmRequest): Promise<void>;
  /** The same; returns where Azure reports how it is going, if it goes on. */
  begin(doing: string, request: ArmRequest): Promise<string | undefined>;
}

/** A longer list cannot be the roles of one principal, of one scope or account, or the bindings of one cluster. */
const mostPages = 100;

export function createRestApi({ caller, pipeline }: Pick<RestOptions, "caller" | "pipeline">): RestApi {
  const get = (url: string) => async (options: Parameters<Parameters<Caller["call"]>[1]>[0]) =>
    (await (await pipeline())({ method: "GET", url }, options)).body;

  async function begin(doing: string, request: ArmRequest): Promise<string | undefined> {
    const call = request.method === "DELETE" ? caller.find : caller.call;
    return (await call(doing, async (options) => (await pipeline())(request, options)))?.progress;
  }

  return {
    ask: async (doing, url, shape) => read(doing, shape, await caller.call(doing, get(url))),

    async find(doing, url, shape) {
      const body = await caller.find(doing, get(url));
      return body === undefined ? undefined : read(doing, shape, body);
    },

    async list<T>(doing: string, first: URL, item: z.ZodType<T>) {
      const found: T[] = [];
      let next: URL | undefined = first;
      for (let page = 1; next; page += 1) {
        if (page > mostPages) {
          throw new PermanentError("ARM_REJECTED", `${doing}: the list has more than ${mostPages} pages.`);
        }
        const { href }: URL = next;
        const { value, nextLink }: PageOf<T> = readPage(doing, item, await caller.call(doing, get(href)));
        found.push(...value);
        next = nextLink === undefined ? undefined : new URL(nextLink);
        // The token is sent to the link's host, so that must be the host of the first page.
        if (next && next.origin !== first.origin) {
          throw new PermanentError("ARM_REJECTED", `${doing}: the next page is on another host.`);
        }
      }
      return found;
    },

    begin,
    async send(doing, request) {
      await begin(doing, request);
    },
  };
}

function read<T>(doing: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure's answer has another shape.`);
  return parsed.data;
}

interface PageOf<T> {
  readonly value: readonly T[];
  readonly nextLink: string | undefined;
}

function readPage<T>(doing: string, item: z.ZodType<T>, body: unknown): PageOf<T> {
  const parsed = z.object({ value: z.array(item), nextLink: z.string().nullish() }).safeParse(body);
  if (!parsed.success) throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure's answer is not such a list.`);
  const { value, nextLink } = parsed.data;
  return { value, nextLink: nextLink ?? undefined };
}
