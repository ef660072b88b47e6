/** Two clusters in which the namespaces of a team share an identity: its home, and a guest. */

import { providePorts } from "../../src/activities/host.ts";
import { acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { federatedCredentialName, identityName } from "../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog as base, createFakeCloud } from "../support/fakeCloud.ts";
import { ended, offboard, repair, send } from "../support/operations.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

const bindable = (cluster: string) => ({
  identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
  identityBinding: {
    clusterId: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
  },
});
export const both = ["aks-dev", "aks-new"];
const databases = { "sql-dev": { messages: ["reader", "writer", "executor"], orders: ["reader", "writer"] } };
const { approval: _judged, ...red } = withTeams.teams["red"] ?? withTeams.teams["blue"] ?? { approval: [] };
const plain = {
  ...withTeams,
  clusters: { ...base.clusters, "aks-new": { ...base.clusters["aks-new"], ...bindable("aks-new") } },
  sharedIdentities: { "aks-dev/red": { clusters: both } },
  teams: {
    red: { ...red, databases, clusters: both, quota: 20 },
    blue: { ...withTeams.teams["blue"], clusters: both },
  },
};
const catalog = Catalog.parse(plain);

type Roles = Readonly<Record<string, readonly string[]>>;

export function requestFor(key: string, roles: Roles, more: object = {}): OnboardingRequest {
  const [cluster, namespace] = key.split("/");
  const databases = Object.entries(roles).map(([database, given]) => ({ server: "sql-dev", database, roles: given }));
  return OnboardingRequest.parse({ cluster, namespace, databases, ...more });
}

export const sharedIdentity = "aks-dev/red";
export const messages = { messages: ["reader"] } as const;
export const home = requestFor(sharedIdentity, { messages: ["reader", "writer"], orders: ["reader"] });
export const guest = requestFor("aks-new/red-guest", messages, { sharedIdentity });
export const name = identityName(home);
export const credentialOf = (request: OnboardingRequest) => federatedCredentialName(request, "app");

export class Share {
  readonly cloud = createFakeCloud(structuredClone(catalog));
  /** Of acceptance and operations. */
  ports = this.cloud.ports;

  constructor() {
    providePorts(this.ports);
  }

  use(ports: Ports): void {
    this.ports = ports;
    providePorts(ports);
  }

  async send(request: OnboardingRequest, by: Caller = member("red"), options: object = {}) {
    return await send(this.ports, request, { by, ...options });
  }

  async offboard(request: OnboardingRequest, options: object = {}): Promise<OperationRecord> {
    return await offboard(this.ports, request, { by: operator, ...options });
  }

  async repair(request: OnboardingRequest): Promise<OperationRecord> {
    return await repair(this.ports, request, { by: operator });
  }

  async migrate(request: OnboardingRequest, to: "identityBinding" | "workloadIdentity") {
    const acceptance = createAcceptanceContext(this, operator);
    const accepted = await acceptUpkeep(acceptance, "Migrating", {
      namespaceRef: request,
      prepare: () => ({
        migration: {
          ...(to === "identityBinding" ? { to } : { from: "identityBinding" as const }),
          ...{ until: "retire" as const, serviceAccount: "app", selector: "app" },
        },
      }),
    });
    return await ended(acceptance, accepted);
  }

  recordOf({ cluster, namespace }: OnboardingRequest) {
    return this.cloud.namespaces.get(`${cluster}/${namespace}`);
  }

  async findingsOf(of: OnboardingRequest): Promise<readonly string[]> {
    const record = this.recordOf(of);
    if (!record) throw new Error("it has no record");
    const found = await inspectNamespace(this.cloud.ports, { request: record.request, clientId: record.clientId });
    return found
      .map(({ code, field, found: what }) => `${code} ${field}${what === null ? "" : `: ${what}`}`)
      .toSorted();
  }

  objectsNow() {
    return new Map(structuredClone([...this.cloud.objects]));
  }

  credentials() {
    return (this.cloud.credentials.get(name) ?? []).map((each) => each.name).toSorted();
  }

  rolesIn(database: string) {
    return this.cloud.users.get(`sql-dev/${database}`)?.get(name)?.roles.toSorted();
  }

  /** All that the identity is and may do. */
  access() {
    return {
      identities: structuredClone(this.cloud.identities),
      users: structuredClone(this.cloud.users),
      credentials: this.credentials(),
    };
  }

  async blockersOf(request: OnboardingRequest, more: object = {}): Promise<readonly string[]> {
    const plan = await planOnboarding(this.cloud.ports, { operation: "plan", request, team: "red", ...more });
    return plan.steps.flatMap(({ blockers }) => blockers.map(({ code, message }) => `${code} ${message}`));
  }
}
