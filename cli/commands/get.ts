import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import type { AnyOperationDocument } from "../../src/domain/documents/operation.ts";
import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { nameOf, namespaceTable } from "../output/namespaces.ts";
import { listOf, objectOf } from "../output/objects.ts";
import { operationTable } from "../output/operations.ts";
import { findNamespace, readResource, resourceNames } from "../requests/resources.ts";
import { findOperationId } from "../service/findOperation.ts";
import { getOperation } from "../service/followOperation.ts";
import type { Session } from "../session.ts";
import { command as list, listWhat } from "./list.ts";

export const command = defineCommand({
  description:
    "Lists all entries of a kind, or the ones you name: a namespace as cluster/namespace, or by its name alone if only one cluster has it; an operation by its ID or the beginning of it. With `-o yaml` or `-o json`, a namespace is printed as the object that onboards it: `mooring apply -f` accepts it as it is and ignores its status. `status` shows one entry in full.",
  operands: [
    { name: "kind", isRequired: true, choices: resourceNames, isOpen: true },
    { name: "name", isRequired: false, isMany: true },
  ],
  flags: list.flags,
  examples: [
    "get namespaces --cluster aks-dev",
    "get namespace aks-dev/team-a -o yaml > team-a.yaml",
    "get ns/team-a -o wide",
    "get operations --status Failed",
  ],
  async run(session, values, operands) {
    const { kind, names } = readResource(operands);
    if (names.length > 0) return await getNamed(session, { kind, names, values });
    switch (kind) {
      case "namespaces":
      case "operations":
        return await listWhat(session, values, kind, { one: objectOf, all: listOf });
      case "approvals":
        return await (await import("./approvals.ts")).command.run(session, values, []);
      case "catalog":
        return await (await import("./catalog.ts")).command.run(session, {}, []);
    }
  },
});

interface Named extends ReturnType<typeof readResource> {
  readonly values: Parameters<typeof list.run>[1];
}

async function getNamed(session: Session, { kind, names, values }: Named): Promise<number> {
  const { cluster, ...others } = values;
  const surplus = Object.entries(others).find(
    ([name, value]) =>
      name in list.flags && value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  if (surplus) throw new UsageError(`--${surplus[0]} works only for lists, not with names.`);
  if (kind === "namespaces") await getNamespaces(session, names, cluster);
  else if (kind === "operations") await getOperations(session, names);
  else throw new UsageError(`get ${kind} takes no name.`);
  return exitCodes.done;
}

async function getNamespaces(session: Session, names: readonly string[], cluster: string | undefined): Promise<void> {
  const { client } = session;
  const found: NamespaceDocument[] = [];
  for (const name of names) {
    const at = await findNamespace(client, name, cluster);
    const call = { route: "GET /api/namespaces/{cluster}/{namespace}", at } as const;
    found.push(await client.json(call, ["state", "findings", "request"]));
  }
  const [only, ...more] = found;
  const document = only && more.length === 0 ? objectOf(only) : listOf(found);
  await session.print({ document, names: found.map(nameOf), lines: (view) => namespaceTable(found, view) });
}

async function getOperations(session: Session, names: readonly string[]): Promise<void> {
  const { client } = session;
  const found: AnyOperationDocument[] = [];
  for (const name of names) found.push(await getOperation(client, await findOperationId(client, name)));
  const [only, ...more] = found;
  await session.print({
    document: only && more.length === 0 ? only : { value: found },
    names: found.map(({ id }) => id),
    lines: (view) => operationTable(found, view),
  });
}
