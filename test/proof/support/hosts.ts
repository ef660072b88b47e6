/** Namespaces that are homes in cells of the fault matrix: each has a guest in the other cluster, which must keep what it has. */
import type { Cloud } from "../../../sandbox/cloud.ts";
import { names } from "../../../sandbox/cloud.ts";
import { type IdentityUser, type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import type { Service } from "../../support/service.ts";
import type { Place } from "./matrixPlaces.ts";
import { listFaults, listRemains } from "./remains.ts";

type Host = Pick<Place, "namespace" | "database">;

export interface Hosts {
  /** The namespace for the next cell with this database; what a cell has left behind keeps its name. */
  next(database: string): string;
  /** The guest comes, once its home is there. */
  welcome(host: Host): Promise<void>;
  /** What the guest has lost, or has not from its own request. */
  faults(host: Host): Promise<readonly string[]>;
  /** The guest goes; says what is left of it. */
  dismiss(host: Host): Promise<readonly string[]>;
  abandon(database: string): void;
}

/** What the catalog has to say of them. */
export function hostsOf(databases: readonly string[], count = 100): readonly NamespaceRef[] {
  return databases.flatMap((database) =>
    Array.from({ length: count }, (_, nth) => ({ cluster: names.cluster, namespace: hostNamed(database, nth) })),
  );
}

function hostNamed(database: string, nth: number): string {
  return `host-${nth}-${database}`;
}

/** Not named like its home: a fault at one would hit the other. */
function guestOf({ namespace }: Host): IdentityUser {
  const home = { cluster: names.cluster, namespace };
  const guest = namespace.replace(/^host/, "visit");
  return { cluster: names.otherCluster, namespace: guest, sharedIdentity: namespaceKey(home) };
}

export function createHosts({ cloud, service }: { readonly cloud: Cloud; readonly service: Service }): Hosts {
  const used = new Map<string, number>();
  const end = async (id: string) => {
    const { status, error } = await service.waitFor(id, 120_000);
    return status === "Succeeded" ? [] : [`the guest: ${status} ${error?.message}`];
  };
  return {
    next: (database) => hostNamed(database, used.get(database) ?? 0),
    async welcome(host) {
      const databases = [{ server: names.sqlServer, database: host.database, roles: ["reader"] }];
      const problems = await end(await service.onboard({ ...guestOf(host), databases }));
      if (problems.length > 0) throw new Error(problems.join());
    },
    async faults(host) {
      const wanted = { ...guestOf(host), mode: "workloadIdentity", beside: "identityBinding" };
      const found = await listFaults(cloud, { ...wanted, databases: [host.database] });
      return found.map((each) => `its guest: ${each}`);
    },
    async dismiss(host) {
      const guest = guestOf(host);
      const ended = await end(await service.offboard(guest.cluster, guest.namespace));
      const left = await listRemains(cloud, guest.namespace, [host.database], [], guest);
      return [...ended, ...left.map((each) => `of its guest: ${each}`)];
    },
    abandon: (database) => void used.set(database, (used.get(database) ?? 0) + 1),
  };
}
