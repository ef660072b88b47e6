/** The definition of a resource type in the simulated ARM, and what all of them share. */
import type { z } from "zod";
import type { HttpReply } from "../httpServer.ts";
import type { World } from "../world.ts";
import { failures } from "./failures.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";

export interface ArmCall {
  readonly path: ResourcePath;
  /** Absolute: links in answers use its origin. */
  readonly url: URL;
  readonly body: string;
  /** The header. */
  readonly ifMatch?: string | undefined;
  /** Whoever calls. */
  readonly caller: { readonly isOwner: boolean };
  /** Whether this write overlapped another one under the same parent. */
  readonly collided: boolean;
}

type Handler = (call: ArmCall) => HttpReply | Promise<HttpReply>;

export interface ResourceType {
  /** `Microsoft.Sql/servers`, in ARM's case. */
  readonly type: string;
  readonly apiVersions: readonly string[];
  readonly list?: Handler;
  readonly GET?: Handler;
  readonly PUT?: Handler;
  readonly PATCH?: Handler;
  readonly DELETE?: Handler;
  readonly HEAD?: Handler;
  /** An action, as `listAssociatedResources`. */
  readonly POST?: Handler;
}

export function parseBody<T>(schema: z.ZodType<T>, body: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw failures.invalidContent("the body is not JSON");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw failures.invalidContent(
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  );
}

/** A page of a list. `$skiptoken` is an item offset here; clients must treat it as opaque. */
export function page<T>({ url }: ArmCall, items: readonly T[], size = 100): HttpReply {
  const start = Number(url.searchParams.get("$skiptoken") ?? 0);
  const end = start + Math.min(size, Number(url.searchParams.get("$top") ?? size));
  const value = items.slice(start, end);
  if (end >= items.length) return { status: 200, body: { value } };
  const nextLink = new URL(url);
  nextLink.searchParams.set("$skiptoken", String(end));
  return { status: 200, body: { value, nextLink: nextLink.href } };
}

/** The group must be in the world; a cluster's node resource group counts, too. */
export function requireGroup(
  world: World,
  { subscriptionId, resourceGroup = "" }: ResourcePath,
): { name: string; location: string; tags?: Readonly<Record<string, string>> } {
  const groups: readonly {
    name: string;
    location: string;
    subscriptionId?: string;
    tags?: Readonly<Record<string, string>>;
  }[] = [
    ...world.resourceGroups.values(),
    ...[...world.clusters.values()].map(({ nodeResourceGroup: name, ...cluster }) => ({ ...cluster, name })),
  ];
  const group = groups.find(
    ({ name, subscriptionId: where = subscriptionId }) => isSame(name, resourceGroup) && isSame(where, subscriptionId),
  );
  if (!group) throw failures.unknownGroup(resourceGroup);
  return group;
}

export function notFound({ type, names, resourceGroup = "" }: ResourcePath): Error {
  return failures.notFound(type, names.join("/"), resourceGroup);
}

export function parentNotFound(path: ResourcePath, action: string): Error {
  const childType = path.type.split("/").slice(1).join("/");
  return failures.parentNotFound(action, childType, resourceId(path, path.type.split("/").length - 2));
}
