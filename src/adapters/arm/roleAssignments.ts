/**
 * Role assignments and permissions, each read with a GET of ARM's REST API (learn.microsoft.com "List Azure role assignments
 * using the REST API", "Permissions - List For Resource Group"). They share the pipeline package of @azure/arm-msi: a management
 * SDK for this one call would be another 2 MB.
 */

import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { RoleAssignment, RoleAssignments } from "../../ports.ts";
import { removeUnused, sharedHttpClient } from "../httpClient.ts";
import type { Caller, CallOptions } from "./caller.ts";

const apiVersion = "2022-04-01";
/** A longer list cannot be the roles of one principal. */
const mostPages = 50;

export interface RoleAssignmentOptions {
  readonly endpoint: string;
  readonly caller: Caller;
  readonly pipeline: () => ReturnType<typeof openPipeline>;
}

export function createRoleAssignments({ endpoint, caller, pipeline }: RoleAssignmentOptions): RoleAssignments {
  const get = async (url: string, options: CallOptions) => (await pipeline())(url, options);

  async function list<T>(
    { doing, at, what }: { doing: string; at: string; what: "roleAssignments" | "permissions" },
    item: z.ZodType<T>,
    query: Readonly<Record<string, string>> = {},
  ): Promise<readonly T[]> {
    const first = new URL(`${at}/providers/Microsoft.Authorization/${what}`, endpoint);
    for (const [name, value] of Object.entries(query)) first.searchParams.set(name, value);
    first.searchParams.set("api-version", apiVersion);
    const found: T[] = [];
    let next: URL | undefined = first;
    for (let page = 1; next; page += 1) {
      if (page > mostPages) {
        throw new PermanentError("ARM_REJECTED", `${doing}: the list has more than ${mostPages} pages.`);
      }
      const { href }: URL = next;
      const { value, nextLink }: PageOf<T> = readPage(
        doing,
        item,
        await caller.call(doing, (options) => get(href, options)),
      );
      found.push(...value);
      next = nextLink === undefined ? undefined : new URL(nextLink);
      // The token is sent to the link's host, so that must be the host of the first page.
      if (next && next.origin !== first.origin) {
        throw new PermanentError("ARM_REJECTED", `${doing}: the next page is on another host.`);
      }
    }
    return found;
  }

  const assignments = async (at: string, $filter: string): Promise<readonly RoleAssignment[]> => {
    const where = { doing: `List the role assignments at ${at}`, at, what: "roleAssignments" } as const;
    return (await list(where, Assignment, { $filter })).map(({ id, properties }) => ({ id, ...properties }));
  };

  return {
    heldAt: async (at, principalId) => assignments(at, `atScope() and assignedTo('${checkedGuid(principalId)}')`),
    ownPermissions: (at) =>
      list({ doing: `List Mooring's own permissions at ${at}`, at, what: "permissions" }, Permission),
    givenTo: async (principalId, { subscriptionId }) =>
      assignments(`/subscriptions/${subscriptionId}`, `principalId eq '${checkedGuid(principalId)}'`),
  };
}

export async function openPipeline({
  credential,
  scope,
  policies,
}: {
  credential: TokenCredential;
  scope: string;
  policies: readonly PipelinePolicy[];
}) {
  const [{ bearerTokenAuthenticationPolicy, createPipelineFromOptions, ...rest }, client] = await Promise.all([
    import("@azure/core-rest-pipeline"),
    sharedHttpClient(),
  ]);
  // caller.ts and the durable runtime retry.
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  for (const policy of policies) pipeline.addPolicy(policy);
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
  removeUnused(pipeline);
  return async (url: string, { abortSignal }: CallOptions): Promise<unknown> => {
    const request = rest.createPipelineRequest({ url, method: "GET", abortSignal });
    request.headers.set("accept", "application/json");
    const response = await pipeline.sendRequest(client, request);
    const body = parse(response.bodyAsText);
    const { status: statusCode } = response;
    if (statusCode === 200) return body;
    const { code, message } = ArmProblem.safeParse(body).data?.error ?? { code: undefined, message: "" };
    throw new rest.RestError(message, { ...defined({ code }), statusCode, request, response });
  };
}

/** An answer that is not JSON is judged by its status, and because it lacks a list. */
function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

const ArmProblem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const Assignment = z.object({
  id: z.string(),
  properties: z.object({ roleDefinitionId: z.string(), principalId: z.string(), scope: z.string() }),
});
const Permission = z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) });

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

/** Checked because it becomes part of a filter's text. */
function checkedGuid(id: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new PermanentError("ARM_REJECTED", `"${id}" is not an object id.`);
}
