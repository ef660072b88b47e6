import type { AcceptedDocument } from "../../src/domain/documents/accepted.ts";
import type { RefusalCode } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { Refused, UsageError } from "../failures.ts";
import { type Changed, changeEach, expectUnblocked, type Named, nameEach } from "../requests/eachObject.ts";
import { readRequests } from "../requests/readFiles.ts";
import { fileFlags } from "../requests/requestFlags.ts";
import { findNamespace, NotThere, readResource } from "../requests/resources.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Offboards what the files or the command line name: what Mooring created goes, and the Kubernetes namespace itself where it is Mooring's and its deletePolicy says so. It is told as deleted as soon as it is accepted; with --wait it follows them all to their end. Of a file it reads which namespaces are meant and nothing else.",
  operands: [
    { name: "namespace", isRequired: false, choices: ["namespace"], isOpen: true },
    { name: "name", isRequired: false, isMany: true },
  ],
  flags: {
    ...fileFlags,
    cluster: { value: "name", summary: "Of a name that is given without its cluster" },
    "ignore-not-found": { summary: "What is not onboarded is no error" },
    "ignore-dependants": { summary: "Go on although others depend on what goes" },
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["delete namespace aks-dev/team-a --wait", "delete -f shop.yaml --dry-run"],
  isPatient: true,
  async run(session, values, operands) {
    const { filename, recursive, cluster, "dry-run": isDryRun } = values;
    if (filename.length > 0 === operands.length > 0)
      throw new UsageError("Name what is meant by -f or as `namespace <cluster/namespace>`.");
    const isIgnored = (error: unknown) => values["ignore-not-found"] && isGone(error);
    const named =
      filename.length > 0
        ? nameEach(await readRequests(filename, { isRecursive: recursive, say: session.say }))
        : await nameOperands(session, operands, { cluster, isIgnored });
    const change = isDryRun ? planOne : deleteOne;
    const query = values["ignore-dependants"] ? { ignoreDependants: "true" } : {};
    return await changeEach(session, named, {
      isDryRun,
      async change(each) {
        try {
          return await change(session, each, query);
        } catch (error) {
          if (isIgnored(error)) return undefined;
          throw error;
        }
      },
    });
  },
});

async function nameOperands(
  session: Session,
  operands: readonly string[],
  { cluster, isIgnored }: { cluster: string | undefined; isIgnored: (error: unknown) => boolean },
): Promise<readonly Named[]> {
  const { kind, names } = readResource(operands);
  if (kind !== "namespaces") throw new UsageError(`delete takes namespaces; ${kind} are not deleted.`);
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

function callOf({ cluster, namespace }: Named, query: Readonly<Record<string, string>>) {
  const path = `/api/namespaces/${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}`;
  return { method: "DELETE", path, query } as const;
}

async function deleteOne({ client }: Session, named: Named, query: Readonly<Record<string, string>>): Promise<Changed> {
  const { id } = await client.json<AcceptedDocument>(callOf(named, query), ["id", "kind"]);
  return { word: "deleted", operation: id };
}

async function planOne({ client }: Session, named: Named, query: Readonly<Record<string, string>>): Promise<Changed> {
  const plan = await client.json<Plan>(callOf(named, { ...query, dryRun: "true" }), ["steps", "blocked"]);
  expectUnblocked(plan, named.name);
  return { word: "deleted" };
}
