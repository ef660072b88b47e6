/** Who may call a sandbox with authentication: two teams with groups in its Entra, and an operator and an approver with keys. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import { mapValues } from "./mapValues.ts";

export interface Callers {
  /** The operator's key, sent as x-mooring-key. */
  readonly key: string;
  /** The key of someone who approves and does nothing else. */
  readonly approverKey: string;
  /** Client id of Mooring's application in the sandbox's Entra: the audience of access tokens. */
  readonly audience: string;
  /** Object ids of the groups whose members are in the teams `red` and `blue`. */
  readonly groups: { readonly red: string; readonly blue: string };
  /** Client id of a workload that is in the team `red`. */
  readonly redApplication: string;
  /** The catalog's entries for all of them. */
  readonly catalog: { readonly auth: object; readonly teams: object; readonly queue: { readonly team: string } };
}

export function createCallers({
  issuer,
  catalog: { clusters, sqlServers, targets },
  isEasyAuth,
}: {
  issuer: string;
  /** Each team may have everything in it. */
  catalog: Pick<Catalog, "clusters" | "sqlServers" | "targets">;
  /** Trusts the header of App Service authentication instead of verifying access tokens. */
  isEasyAuth: boolean;
}): Callers {
  const [key, approverKey] = [newKey(), newKey()];
  const audience = randomUUID();
  const groups = { red: randomUUID(), blue: randomUUID() };
  const redApplication = randomUUID();
  const everything = {
    clusters: Object.keys(clusters),
    databases: mapValues(sqlServers, ({ databases }) => mapValues(databases, ({ roles }) => roles)),
    targets: mapValues(targets, ({ access }) => access),
  };
  const orders = Object.keys(sqlServers).map((server) => `${server}/orders`);
  return {
    key,
    approverKey,
    audience,
    groups,
    redApplication,
    catalog: {
      auth: {
        ...(isEasyAuth ? { easyAuth: true } : { entra: { issuer, audiences: [audience] } }),
        keys: {
          operator: {
            sha256: digest(key),
            roles: ["Onboarding.Request", "Onboarding.Approve", "Onboarding.Operate"],
            // Two people, who have no token: nobody signs in with these object IDs.
            owner: randomUUID(),
          },
          approver: { sha256: digest(approverKey), roles: ["Onboarding.Approve"], owner: randomUUID() },
        },
      },
      teams: {
        red: {
          ...everything,
          groups: [groups.red],
          applications: [redApplication],
          namespaces: ["red-*", "shared-*"],
          quota: 1_000,
          approval: [{ roles: ["executor"], databases: orders, by: { team: "blue" } }],
        },
        blue: { ...everything, groups: [groups.blue], namespaces: ["blue-*", "shared-*"], quota: 100 },
        // For everyone who may send to the queue.
        queue: { ...everything, namespaces: ["*"], quota: 10_000 },
      },
      queue: { team: "queue" },
    },
  };
}

function newKey(): string {
  return randomBytes(32).toString("base64url");
}

function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
