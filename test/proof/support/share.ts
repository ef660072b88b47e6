/** A home and a guest that stay, with what they have, while cells of the fault matrix run with other guests of the same home. */
import type { Cloud } from "../../../sandbox/cloud.ts";
import { names } from "../../../sandbox/cloud.ts";
import { type IdentityUser, type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import type { Service } from "../../support/service.ts";

import { type Place, wideAccess, wideRights } from "./matrixPlaces.ts";
import { identityOf, listFaults, listRemains } from "./remains.ts";

export interface Share {
  /** The namespace of the home for the next guest; comes before it, with the other guest, where it is not there. */
  home(): Promise<string>;
  /** What either has lost, or has not from its own request. */
  faults(): Promise<readonly string[]>;
  /** What nobody of the two has asked for of their identity. */
  surplus(): readonly string[];
  /** Whatever a cell has left there, the next one has another home. */
  abandon(): void;
  /** Both go; says what is left. */
  end(): Promise<readonly string[]>;
}

export function homesOf(databases: readonly string[], count = 100): readonly NamespaceRef[] {
  return databases.flatMap((database) =>
    Array.from({ length: count }, (_, nth) => ({ cluster: names.otherCluster, namespace: homeNamed(database, nth) })),
  );
}

function homeNamed(database: string, nth: number): string {
  return `home-${nth}-${database}`;
}

export function createShare({
  cloud,
  service,
  ...place
}: { cloud: Cloud; service: Service } & Pick<Place, "database" | "roleKind">): Share {
  const { database } = place;
  let nth = 0;
  let isThere = false;
  const own = (): IdentityUser => ({ cluster: names.otherCluster, namespace: homeNamed(database, nth) });
  const other = (): IdentityUser => ({
    ...{ cluster: names.cluster, namespace: `stays-${nth}-${database}` },
    sharedIdentity: namespaceKey(own()),
  });
  const end = async (id: string) => {
    const { status, error } = await service.waitFor(id, 120_000);
    return status === "Succeeded" ? [] : [`${status} ${error?.message}`];
  };

  async function begin(): Promise<void> {
    const databases = [{ server: names.sqlServer, database, roles: ["reader"] }];
    const requests = [
      { ...own(), ...wideAccess(place) },
      { ...other(), databases },
    ];
    for (const each of requests) {
      const problems = await end(await service.onboard(each));
      if (problems.length > 0) throw new Error(`${namespaceKey(each)}: ${problems.join()}`);
    }
  }

  async function leave(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const user of [other(), own()]) {
      const ended = await end(await service.offboard(user.cluster, user.namespace));
      const left = await listRemains(cloud, user.namespace, [database], [], user);
      problems.push(...[...ended, ...left].map((each) => `${user.namespace}, at its end: ${each}`));
    }
    return problems;
  }

  function abandon(): void {
    nth += 1;
    isThere = false;
  }

  const subjects = () =>
    [...(identityOf(cloud, own().namespace, own().cluster)?.federatedCredentials.values() ?? [])].map(
      ({ subject }) => subject,
    );

  return {
    async home() {
      if (!isThere) await begin();
      isThere = true;
      return own().namespace;
    },
    async faults() {
      // The guest that comes and goes may bind the identity.
      const both = { mode: "workloadIdentity", beside: "identityBinding", databases: [database] };
      const [home, guest] = await Promise.all([
        listFaults(cloud, {
          ...{ ...own(), ...both, isShared: true },
          ...wideRights(place),
        }),
        listFaults(cloud, { ...other(), ...both }),
      ]);
      return [...home.map((each) => `the home: ${each}`), ...guest.map((each) => `another guest: ${each}`)];
    },
    surplus() {
      const wanted = [own(), other()].map(({ namespace }) => `system:serviceaccount:${namespace}:app`);
      return subjects()
        .filter((each) => !wanted.includes(each))
        .map((each) => `a credential for ${each}`);
    },
    abandon,
    end: async () => (isThere ? await leave() : []),
  };
}
