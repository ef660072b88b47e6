/** Who may call a sandbox that tells callers apart: two teams with groups in its Entra, and an operator with a key. */
import { createHash, randomBytes, randomUUID } from "node:crypto";

export interface Callers {
  /** The operator's key, sent as x-mooring-key. */
  readonly key: string;
  /** Client id of Mooring's application in the sandbox's Entra: the audience of access tokens. */
  readonly audience: string;
  /** Object ids of the groups whose members are in the teams `red` and `blue`. */
  readonly groups: { readonly red: string; readonly blue: string };
  /** Client id of a workload that is in the team `red`. */
  readonly redApplication: string;
  /** The entries of the catalog that say all this. */
  readonly catalog: object;
}

export function createCallers({
  issuer,
  cluster,
  sqlServer,
  databases,
  isEasyAuth,
}: {
  issuer: string;
  cluster: string;
  sqlServer: string;
  databases: readonly string[];
  /** Believes the header of App Service authentication instead of verifying access tokens. */
  isEasyAuth: boolean;
}): Callers {
  const key = randomBytes(32).toString("base64url");
  const audience = randomUUID();
  const groups = { red: randomUUID(), blue: randomUUID() };
  const redApplication = randomUUID();
  const everything = {
    clusters: [cluster],
    databases: { [sqlServer]: Object.fromEntries(databases.map((name) => [name, ["reader", "writer", "executor"]])) },
  };
  return {
    key,
    audience,
    groups,
    redApplication,
    catalog: {
      auth: {
        ...(isEasyAuth ? { easyAuth: true } : { entra: { issuer, audiences: [audience] } }),
        keys: {
          operator: {
            sha256: createHash("sha256").update(key).digest("hex"),
            roles: ["Onboarding.Request", "Onboarding.Approve", "Onboarding.Operate"],
          },
        },
      },
      teams: {
        red: {
          ...everything,
          groups: [groups.red],
          applications: [redApplication],
          namespaces: ["red-*", "shared-*"],
          quota: 1_000,
          approval: [{ roles: ["executor"], databases: [`${sqlServer}/orders`], by: { team: "blue" } }],
        },
        blue: { ...everything, groups: [groups.blue], namespaces: ["blue-*", "shared-*"], quota: 100 },
        // Of whoever may send to the queue.
        queue: { ...everything, namespaces: ["*"], quota: 10_000 },
      },
      queue: { team: "queue" },
    },
  };
}
