import type { QueryOf } from "../../clients/api.ts";
import type { RefusalCode } from "../../src/domain/errors.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, Refused, UsageError } from "../failures.ts";
import { confirmed, personHere } from "../question.ts";
import { type Changed, changeEach, expectUnblocked, type Named, nameEach } from "../requests/eachObject.ts";
import { readRequests } from "../requests/readFiles.ts";
import { fileFlags } from "../requests/requestFlags.ts";
import { findNamespace, NotThere, readResource } from "../requests/resources.ts";
import { changeMany, yesFlags } from "../requests/selection.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Offboards the namespaces in the files or on the command line. Removes what Mooring created, and the Kubernetes namespace itself if Mooring created it and its deletePolicy is Delete. On a terminal it asks first. With --wait a single namespace is reported as deleted once it is; without, as deleting as soon as the request is accepted. Several namespaces are one batch, as with `offboard`, and need --yes outside a terminal. From a file it reads only which namespaces to offboard.",
  operands: [
    { name: "namespace", isRequired: false, choices: ["namespace"], isOpen: true },
    { name: "name", isRequired: false, isMany: true },
  ],
  flags: {
    ...fileFlags,
    cluster: { value: "name", summary: "The cluster of a name given without one" },
    "ignore-not-found": { summary: "Do not fail for namespaces that are not onboarded" },
    "ignore-dependants": {
      summary:
        "Continue although others depend on what would be removed, and delete the namespace with what they have in it",
    },
    ...yesFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: [
    "delete namespace aks-dev/team-a --wait",
    "delete -f shop.yaml --dry-run",
    "delete -f teams -R --yes --wait",
  ],
  async run(session, values, operands) {
    const { filename, recursive, cluster, "dry-run": isDryRun } = values;
    if (filename.length > 0 === operands.length > 0)
      throw new UsageError("Name what to delete with -f or as `namespace <cluster/namespace>`.");
    const isIgnored = (error: unknown) => values["ignore-not-found"] && isGone(error);
    const named =
      filename.length > 0
        ? nameEach(await readRequests(filename, { isRecursive: recursive, say: session.say, command: "delete" }))
        : await nameOperands(session, operands, { cluster, isIgnored });
    const there = values["ignore-not-found"] ? await withoutGone(session, named) : named;
    const [only, ...more] = there;
    if (!only) return exitCodes.done;
    const ignoreDependants = values["ignore-dependants"];
    if (more.length > 0) {
      const choice = { namespaces: there.map(({ cluster: on, namespace }) => ({ cluster: on, namespace })) };
      const options = { ignoreDependants };
      return await changeMany(session, { action: "offboard", options, choice, isDryRun, isConfirmed: values.yes });
    }
    const person = isDryRun || values.yes ? undefined : personHere();
    if (person && !(await confirmed(session, `delete ${only.cluster}/${only.namespace}?`, person)))
      return exitCodes.refused;
    const query = ignoreDependants ? { ignoreDependants: "true" } : {};
    return await changeEach(session, [only], {
      isDryRun,
      async change(each) {
        try {
          return await (isDryRun ? planOne : deleteOne)(session, each, query);
        } catch (error) {
          if (isIgnored(error)) return undefined;
          throw error;
        }
      },
    });
  },
});

/** Leaves namespaces that do not exist out of the question and of the batch. */
async function withoutGone({ client }: Session, named: readonly Named[]): Promise<readonly Named[]> {
  const there: Named[] = [];
  for (const each of named) {
    try {
      await client.json({ route: "GET /api/namespaces/{cluster}/{namespace}", at: each }, ["state"]);
      there.push(each);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return there;
}

async function nameOperands(
  session: Session,
  operands: readonly string[],
  { cluster, isIgnored }: { cluster: string | undefined; isIgnored: (error: unknown) => boolean },
): Promise<readonly Named[]> {
  const { kind, names } = readResource(operands);
  if (kind !== "namespaces") throw new UsageError(`delete takes namespaces; ${kind} cannot be deleted.`);
  if (names.length === 0) throw new UsageError("delete namespace needs a name: cluster/namespace.");
  const found: Named[] = [];
  for (const name of names) {
    try {
      const { cluster: on, namespace } = await findNamespace(session.client, name, cluster);
      found.push({ cluster: on, namespace, name: namespace, where: `${on}/${namespace}` });
    } catch (error) {
      if (!isIgnored(error)) throw error;
    }
  }
  return found;
}

const gone: RefusalCode = "NOT_ONBOARDED";

function isGone(error: unknown): boolean {
  return error instanceof NotThere || (error instanceof Refused && error.problem.code === gone);
}

const route = "DELETE /api/namespaces/{cluster}/{namespace}";

async function deleteOne({ client, isWaiting }: Session, at: Named, query: QueryOf<typeof route>): Promise<Changed> {
  const { id } = await client.json({ route, at, query }, ["id", "kind"]);
  return { word: isWaiting ? "deleted" : "deleting", operation: id };
}

async function planOne({ client }: Session, at: Named, query: QueryOf<typeof route>): Promise<Changed> {
  const plan = await client.plan({ route, at, query }, ["steps", "blocked"]);
  expectUnblocked(plan, at.name);
  return { word: "deleted" };
}
