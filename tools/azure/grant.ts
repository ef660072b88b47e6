/**
 * Grants what a template cannot: Mooring's ClusterRole in each cluster and its user in each database of the catalog.
 * `npm run azure -- grant`, azd's hook after provisioning. For what fails, it prints the commands to do it by hand.
 */
import { z } from "zod";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { messageOf } from "../../src/domain/messageOf.ts";
import type { Az } from "./az.ts";
import { clustersOf, sqlServersOf } from "./catalogTargets.ts";
import { clusterByHand, grantCluster } from "./grantCluster.ts";
import { type DatabaseLogin, grantDatabase, type Identity, statementsFor } from "./grantDatabase.ts";

const Token = z.object({ accessToken: z.string() });

export interface Grant {
  readonly what: string;
  readonly outcome: string;
  /** Set if it failed: what someone with the rights has to run. */
  readonly byHand?: string;
}

export interface GrantOptions {
  readonly catalog: Catalog;
  readonly identity: Identity & { readonly principalId: string };
  /** Replaced in tests. */
  readonly grantIn?: (login: DatabaseLogin, identity: Identity) => Promise<string>;
}

/** Runs one after another: there are few, and a person reads the lines. */
export async function* grant(
  az: Az,
  { catalog, identity, grantIn = grantDatabase }: GrantOptions,
): AsyncGenerator<Grant, void> {
  for (const cluster of clustersOf(catalog)) {
    const userName = cluster.userName(identity.principalId);
    yield await attempt(`cluster ${cluster.alias}`, clusterByHand(cluster, userName), async () => {
      await grantCluster(az, cluster, userName);
      return "ClusterRoles and bindings applied";
    });
  }
  const servers = sqlServersOf(catalog);
  if (servers.length === 0) return;
  const { create, rest } = await statementsFor(identity);
  for (const { alias, host, port, databases } of servers) {
    for (const database of databases) {
      const byHand = `As the Entra administrator of ${host}, in the database ${database}:\n${create}\n${rest}`;
      yield await attempt(`database ${alias}/${database}`, byHand, async () => {
        const { accessToken: token } = Token.parse(
          await az("account", "get-access-token", "--resource", "https://database.windows.net/"),
        );
        return `user ${await grantIn({ host, port, database, token }, identity)}`;
      });
    }
  }
}

async function attempt(what: string, byHand: string, work: () => Promise<string>): Promise<Grant> {
  try {
    return { what, outcome: await work() };
  } catch (error) {
    return { what, outcome: messageOf(error), byHand };
  }
}
