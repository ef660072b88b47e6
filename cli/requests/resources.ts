/** The operands of `get` and `delete`, in kubectl's notations: `ns team-a`, `namespaces aks-dev/team-a`, `ns/team-a`. */
import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { suggest } from "../../src/domain/suggest.ts";
import { readNamespaceRef } from "../arguments/values.ts";
import { NotPossible, UsageError } from "../failures.ts";
import type { Client } from "../service/client.ts";
import { pagesOf } from "../service/pages.ts";

/** The plural name of each kind, with its other names. */
const resources = {
  namespaces: ["namespace", "ns", "namespaceonboardings", "namespaceonboarding"],
  operations: ["operation", "ops", "op"],
  approvals: ["approval"],
  catalog: [],
} as const satisfies Record<string, readonly string[]>;
export type ResourceKind = keyof typeof resources;

const byName = new Map<string, ResourceKind>(
  Object.entries(resources).flatMap(([kind, others]) =>
    [kind, ...others].map((name) => [name, kind as ResourceKind] as const),
  ),
);

export const resourceNames: readonly string[] = [...byName.keys()];

export interface Resource {
  readonly kind: ResourceKind;
  readonly names: readonly string[];
}

export function readResource([word = "", ...names]: readonly string[]): Resource {
  const [type = "", ...rest] = word.split("/");
  const kind = byName.get(type.toLowerCase());
  if (!kind) {
    const meant = suggest(type, resourceNames);
    throw new UsageError(
      `No kind is called "${type}"; the kinds are ${Object.keys(resources).join(", ")}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
    );
  }
  return { kind, names: rest.length === 0 ? names : [rest.join("/"), ...names.map((each) => withoutKind(each, kind))] };
}

/** `ns/a ns/b` */
function withoutKind(word: string, kind: ResourceKind): string {
  const [type = "", ...rest] = word.split("/");
  if (rest.length > 0 && byName.get(type) === kind) return rest.join("/");
  throw new UsageError(`"${word}" has no kind; write ${kind}/<name>, like the first.`);
}

/** Accepts cluster/namespace, or the namespace alone if only one cluster has it. */
export async function findNamespace(client: Client, name: string, cluster: string | undefined): Promise<NamespaceRef> {
  if (name.includes("/")) return readNamespaceRef(name);
  if (cluster !== undefined) return { cluster, namespace: name };
  const found: NamespaceDocument[] = [];
  for await (const page of pagesOf(client, { route: "GET /api/namespaces" }))
    found.push(...page.filter(({ namespace }) => namespace === name));
  const [only, ...more] = found;
  if (only && more.length === 0) return only;
  const next = ["mooring get namespaces"];
  if (!only) throw new NotThere(`No namespace ${name} is onboarded.`, { next });
  const where = found.map((each) => `${each.cluster}/${each.namespace}`).join(", ");
  throw new NotPossible(`Several clusters have ${name}: ${where}.`, { next });
}

/** Detected here, because the service takes only full names. */
export class NotThere extends NotPossible {}
