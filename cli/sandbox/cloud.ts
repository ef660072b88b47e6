/** The contents of the simulated cloud, one row each. */
import { exitCodes, UsageError } from "../failures.ts";
import { table } from "../output/table.ts";
import type { Session } from "../session.ts";
import { askSandbox } from "./control.ts";
import type { CloudDocument } from "./documents.ts";

interface Thing {
  readonly part: string;
  readonly kind: string;
  readonly name: string;
  readonly detail: string;
}

const parts = {
  azure: ({ azure }) => [
    ...azure.identities.flatMap(({ name, resourceGroup, clientId, federatedCredentials }) => [
      { kind: "identity", name: `${resourceGroup}/${name}`, detail: clientId },
      ...federatedCredentials.map((each) => ({
        kind: "federated credential",
        name: `${name}/${each.name}`,
        detail: each.subject,
      })),
    ]),
    ...azure.roleAssignments.map(({ name, role, principal, principalId, scope }) => ({
      kind: "role assignment",
      name,
      detail: `${principal ?? principalId} has ${role} at ${scope}`,
    })),
  ],
  entra: ({ entra }) =>
    entra.servicePrincipals.map(({ displayName, clientId }) => ({
      kind: "service principal",
      name: displayName,
      detail: clientId,
    })),
  sql: ({ sqlServers }) =>
    sqlServers.flatMap(({ name: server, databases }) =>
      databases.flatMap(({ name, users }) => [
        { kind: "database", name: `${server}/${name}`, detail: "" },
        ...users.map((user) => ({
          kind: "user",
          name: `${server}/${name}/${user.name}`,
          detail: [...user.roles, ...user.permissions].join(", "),
        })),
      ]),
    ),
  kubernetes: ({ clusters }) =>
    clusters.flatMap(({ name: cluster, objects }) =>
      objects.map(({ kind, metadata: { name, namespace }, status }) => ({
        kind,
        name: [cluster, namespace, name].filter((each) => each !== undefined).join("/"),
        detail: status?.phase ?? "",
      })),
    ),
  serviceBus: ({ serviceBus: { queues, subscriptions } }) =>
    [
      ...queues.map((queue) => ({ kind: "queue", ...queue })),
      ...subscriptions.map(({ topic, name, ...rest }) => ({ kind: "subscription", name: `${topic}/${name}`, ...rest })),
    ].map(({ kind, name, messages, deadLetters }) => ({
      kind,
      name,
      detail: `${messages.length} messages, ${deadLetters.length} dead letters`,
    })),
} satisfies Record<string, (cloud: CloudDocument) => readonly Omit<Thing, "part">[]>;

export async function showCloud(session: Session, part: string | undefined): Promise<number> {
  const wanted = Object.entries(parts).filter(([name]) => part === undefined || name === part);
  if (wanted.length === 0)
    throw new UsageError(`sandbox cloud does not know "${part}"; it takes ${Object.keys(parts).join(", ")}.`);
  const call = { method: "GET", path: "/sandbox/cloud" } as const;
  const document = await askSandbox<CloudDocument>(session.client, call, ["azure", "clusters", "sqlServers"]);
  const things = wanted.flatMap(([name, list]): Thing[] => list(document).map((thing) => ({ part: name, ...thing })));
  await session.print({
    document,
    names: things.map(({ name }) => name),
    lines: (view) =>
      table(
        things,
        [
          { title: "PART", cell: (thing) => thing.part },
          { title: "KIND", cell: ({ kind }) => kind },
          { title: "NAME", cell: ({ name }) => name },
          { title: "DETAIL", cell: ({ detail }) => detail, wraps: true },
        ],
        view,
      ),
  });
  return exitCodes.done;
}
