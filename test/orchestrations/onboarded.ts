/** Namespaces that were onboarded, and what people then do to what Mooring made there. */

import { expect } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { federatedCredentialName, federatedSubject, identityName } from "../../src/domain/naming/names.ts";
import { adopterMetadata, ownerMetadata } from "../../src/domain/naming/ownership.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../src/ports/databases.ts";
import type { FederatedCredential } from "../../src/ports/identities.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";

export const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
  ],
});
export const pod = OnboardingRequest.parse({ ...workload, namespace: "team-b", identityMode: "podIdentity" });

export function adopted({ cluster, namespace }: OnboardingRequest) {
  return adopterMetadata({ cluster, namespace }, "earlier", { uid: "uid-former" });
}

function created({ cluster, namespace }: OnboardingRequest) {
  return ownerMetadata({ cluster, namespace }, "earlier");
}

export class Onboarded {
  readonly cloud = createFakeCloud();
  /** What was written since the last onboarding. */
  written: string[] = [];

  constructor() {
    providePorts(this.cloud.ports);
  }

  async onboard(request: OnboardingRequest) {
    await operate(this.cloud, "onboard", request);
    expect(this.cloud.namespaces.get(`aks-dev/${request.namespace}`)).toMatchObject({
      state: "Onboarded",
      findings: [],
    });
    this.written = [];
    this.cloud.onWrite = ({ what, when }) => {
      if (when === "before") this.written.push(what);
    };
  }

  recordOf({ namespace }: OnboardingRequest) {
    const record = this.cloud.namespaces.get(`aks-dev/${namespace}`);
    if (!record) throw new Error(`${namespace} has no record`);
    return record;
  }

  async findings(request: OnboardingRequest) {
    const { clientId } = this.recordOf(request);
    return await inspectNamespace(this.cloud.ports, { request, clientId });
  }

  editUser(database: string, change: (user: DatabaseUser) => DatabaseUser) {
    const users = this.cloud.users.get(`sql-dev/${database}`);
    const user = users?.get(identityName(workload));
    if (!users || !user) throw new Error(`no user in ${database}`);
    users.set(user.name, change(user));
  }

  editObject(key: string, change: (object: KubernetesObject) => KubernetesObject) {
    const object = this.cloud.objects.get(key);
    if (!object) throw new Error(`no object ${key}`);
    this.cloud.objects.set(key, change(object));
  }

  /** As Mooring would have made it for the service account. */
  addCredential(account: string, change: Partial<FederatedCredential> = {}, request = workload) {
    const identity = identityName(request);
    const made: FederatedCredential = {
      name: federatedCredentialName(request, account),
      issuer: this.cloud.ports.catalog.clusters["aks-dev"]?.oidcIssuer ?? "",
      subject: federatedSubject(request.namespace, account),
      audiences: ["api://AzureADTokenExchange"],
    };
    this.cloud.credentials.set(identity, [...(this.cloud.credentials.get(identity) ?? []), { ...made, ...change }]);
  }

  /** As Mooring would have made it, or adopted it, for the identity. */
  addAccount(
    account: string,
    {
      request = workload,
      clientId = this.recordOf(request).clientId,
      mark = created,
      manager = "mooring",
    }: { request?: OnboardingRequest; clientId?: string; mark?: typeof created; manager?: string } = {},
  ) {
    const { namespace } = request;
    const { labels, annotations } = mark(request);
    const operation = manager === "mooring" ? "Apply" : "Update";
    const all = { ...annotations, "azure.workload.identity/client-id": clientId ?? "" };
    const fields = Object.fromEntries(Object.keys(all).map((each) => [`f:${each}`, {}]));
    this.cloud.objects.set(`v1 ServiceAccount ${namespace}/${account}`, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: {
        name: account,
        namespace,
        uid: `uid-${account}`,
        labels,
        annotations: all,
        managedFields: [{ manager, operation, fieldsV1: { "f:metadata": { "f:annotations": fields } } }],
      },
    });
  }
}
