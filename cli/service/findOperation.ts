import type { AnySummary, AwaitingDocument } from "../../src/domain/documents/operation.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { NotPossible, Refused, UsageError } from "../failures.ts";
import type { Client } from "./client.ts";
import { listAll, pagesOf } from "./pages.ts";

const wholeId = /^[0-9a-f]{14}-[0-9a-f]{16}$/;
/** Older ones are found only by their full id. */
const mostLookedAt = 1_000;
const shortest = 4;

/** `text` is an id, the start of one, or the start of the part after the hyphen, where ids differ from the first letter. */
export async function findOperationId(client: Client, text: string): Promise<string> {
  if (wholeId.test(text)) return text;
  if (!/^[0-9a-f-]+$/.test(text) || text.length < shortest) {
    throw new UsageError(`"${text}" is not an operation; give its ID, or ${shortest} or more of its characters.`, {
      next: [`mooring list operations${isNamespace(text) ? ` --namespace ${text}` : ""}`],
    });
  }
  const found: Pick<AnySummary, "id">[] = [];
  let looked = 0;
  for await (const page of pagesOf(client, { route: "GET /api/operations" })) {
    looked += page.length;
    found.push(...page.filter(({ id }) => beginsWith(id, text)));
    if (found.length > 1 || looked >= mostLookedAt) break;
  }
  if (found.length === 0) found.push(...(await findWaiting(client, ({ id }) => beginsWith(id, text))));
  const [only, ...more] = found;
  if (only && more.length === 0) return only.id;
  throw new NotPossible(
    only
      ? `"${text}" is the beginning of more than one operation, such as ${only.id} and ${more[0]?.id}.`
      : `None of the last ${looked} operations starts with "${text}".`,
    { next: ["mooring list operations"] },
  );
}

/** As above, or by namespace: the operation that holds it, or was the last to hold it. */
export async function findOperation(client: Client, text: string): Promise<string> {
  if (!text.includes("/")) return await findOperationId(client, text);
  const [cluster = "", namespace = ""] = text.split("/");
  const at = { cluster, namespace };
  try {
    return (await client.json({ route: "GET /api/namespaces/{cluster}/{namespace}", at }, ["operation"])).operation;
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.status !== 404) throw error;
    const [waiting] = await findWaiting(client, (each) => each.cluster === cluster && each.namespace === namespace);
    const id = waiting?.id ?? (await findLast(client, at));
    if (id === undefined) throw error;
    return id;
  }
}

/** The last operation of a namespace, also of one that is not onboarded: its onboarding failed, or it was offboarded. */
export async function findLast(client: Client, { cluster, namespace }: NamespaceRef): Promise<string | undefined> {
  const call = { route: "GET /api/operations", query: { cluster, namespace } } as const;
  return (await listAll(client, call, 1)).value[0]?.id;
}

/** People name an operation by its namespace alone, without the cluster. */
function isNamespace(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

function beginsWith(id: string, text: string): boolean {
  return id.startsWith(text) || id.split("-")[1]?.startsWith(text) === true;
}

/** Approvers see what they can approve, and otherwise nothing of a team that is not theirs. */
async function findWaiting(
  client: Client,
  isWanted: (waiting: AwaitingDocument) => boolean,
): Promise<readonly AwaitingDocument[]> {
  try {
    return (await listAll(client, { route: "GET /api/approvals" }, mostLookedAt, isWanted)).value;
  } catch (error) {
    // Only approvers have such a list.
    if (error instanceof Refused && error.problem.status === 403) return [];
    throw error;
  }
}
