/** Every way in which something of Mooring's drifts: found, repaired with as few writes as it needs, and found no more. */

import { beforeEach, describe, expect, it } from "vitest";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { type FindingCode, type Severity, severityOf } from "../../src/domain/finding.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { ownerMetadata } from "../../src/domain/naming/ownership.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import type { FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";
import { operate } from "../support/operations.ts";
import { adopted, Onboarded, pod, workload } from "./onboarded.ts";

let namespaces: Onboarded;
let cloud: FakeCloud;

beforeEach(() => {
  namespaces = new Onboarded();
  cloud = namespaces.cloud;
});

function ours(apiVersion: string, kind: string, name: string, { namespace } = workload): KubernetesObject {
  const namespaceRef = { cluster: "aks-dev", namespace };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid: `uid-${name}`, ...ownerMetadata(namespaceRef, "earlier") },
  };
}

const name = identityName(workload);
const podName = identityName(pod);
const podApi = "aadpodidentity.k8s.io/v1";

interface Break {
  readonly what: string;
  readonly request?: OnboardingRequest;
  readonly breakIt: () => void;
  readonly found: readonly FindingCode[];
  readonly severity: Severity;
  readonly writes: readonly string[];
}

const breaks: readonly Break[] = [
  {
    what: "the identity is deleted",
    breakIt: () => {
      cloud.identities.delete(name);
      cloud.credentials.delete(name);
    },
    found: ["IDENTITY_MISSING"],
    severity: "Error",
    writes: [
      "put identity",
      "change sql-dev/messages",
      "change sql-dev/orders",
      "apply ServiceAccount",
      "put credential",
    ],
  },
  {
    what: "the identity is recreated with Mooring's tags",
    breakIt: () => {
      const identity = cloud.identities.get(name);
      if (identity)
        cloud.identities.set(name, { ...identity, clientId: clientIdOf("99999999-9999-4999-8999-999999999999") });
    },
    found: ["IDENTITY_REPLACED", "USER_SID_STALE", "USER_SID_STALE", "OBJECT_CHANGED"],
    severity: "Error",
    writes: ["change sql-dev/messages", "change sql-dev/orders", "apply ServiceAccount"],
  },
  {
    what: "the federated credential is removed",
    breakIt: () => cloud.credentials.delete(name),
    found: ["CREDENTIAL_MISSING"],
    severity: "Error",
    writes: ["put credential"],
  },
  {
    what: "the federated credential has another issuer",
    breakIt: () =>
      cloud.credentials.set(
        name,
        (cloud.credentials.get(name) ?? []).map((each) => ({ ...each, issuer: each.issuer.replace(/\/$/, "") })),
      ),
    found: ["CREDENTIAL_CHANGED"],
    severity: "Error",
    writes: ["put credential"],
  },
  {
    what: "the ConfigMap is deleted",
    breakIt: () => cloud.objects.delete("v1 ConfigMap team-a/mooring-databases"),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply ConfigMap"],
  },
  {
    what: "the ConfigMap names another server",
    breakIt: () =>
      namespaces.editObject("v1 ConfigMap team-a/mooring-databases", (object) => ({
        ...object,
        data: { ...Object(object["data"]), SERVER_NAME: "elsewhere" },
      })),
    found: ["OBJECT_CHANGED"],
    severity: "Error",
    writes: ["apply ConfigMap"],
  },
  {
    what: "the service account is deleted",
    breakIt: () => cloud.objects.delete("v1 ServiceAccount team-a/app"),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply ServiceAccount"],
  },
  {
    what: "the namespace is deleted with everything in it",
    breakIt: () => {
      for (const [key, { kind, metadata }] of cloud.objects) {
        if (metadata.namespace === "team-a" || kind === "Namespace") cloud.objects.delete(key);
      }
    },
    found: ["OBJECT_MISSING", "OBJECT_MISSING", "OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply Namespace", "apply ConfigMap", "apply ServiceAccount"],
  },
  {
    what: "objects of pod identity are left",
    breakIt: () => {
      for (const [kind, of] of [
        ["AzureIdentity", name],
        ["AzureIdentityBinding", `${name}-binding`],
      ] as const)
        cloud.objects.set(`${podApi} ${kind} team-a/${of}`, ours(podApi, kind, of));
    },
    found: ["POD_IDENTITY_SURPLUS", "POD_IDENTITY_SURPLUS"],
    severity: "Error",
    writes: ["remove AzureIdentityBinding", "remove AzureIdentity"],
  },
  {
    what: "the binding is deleted",
    request: pod,
    breakIt: () => cloud.objects.delete(`${podApi} AzureIdentityBinding team-b/${podName}-binding`),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply AzureIdentityBinding"],
  },
  {
    what: "pods of every namespace may take the AzureIdentity",
    request: pod,
    breakIt: () =>
      namespaces.editObject(`${podApi} AzureIdentity team-b/${podName}`, (object) => {
        const { "aadpodidentity.k8s.io/Behavior": _gone, ...annotations } = object.metadata.annotations ?? {};
        return { ...object, metadata: { ...object.metadata, annotations } };
      }),
    found: ["OBJECT_CHANGED"],
    severity: "Error",
    writes: ["apply AzureIdentity"],
  },
  {
    what: "a service account of workload identity is left",
    request: pod,
    breakIt: () => cloud.objects.set("v1 ServiceAccount team-b/app", ours("v1", "ServiceAccount", "app", pod)),
    found: ["OBJECT_SURPLUS"],
    severity: "Warning",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "a credential of another account came late",
    breakIt: () => namespaces.addCredential("former"),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "a credential of another account and issuer was left",
    breakIt: () => namespaces.addCredential("former", { issuer: "https://another.example/" }),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "a migration's credential came late",
    request: pod,
    breakIt: () => namespaces.addCredential(pod.serviceAccount, {}, pod),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "another migration's credential came late",
    request: pod,
    breakIt: () => namespaces.addCredential("former", {}, pod),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "Mooring's credential is for somebody else, and another one fits",
    breakIt: () => {
      const [own] = cloud.credentials.get(name) ?? [];
      if (!own) throw new Error("no credential");
      const evil = { ...own, subject: "system:serviceaccount:evil:app" };
      cloud.credentials.set(name, [evil, { ...own, name: "theirs" }]);
    },
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "another service account came late",
    breakIt: () => namespaces.addAccount("former"),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "another service account, which was somebody else's, was annotated late",
    breakIt: () => namespaces.addAccount("former", { mark: adopted }),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["apply ServiceAccount"],
  },
  {
    what: "another service account of an identity that is gone was left",
    breakIt: () => namespaces.addAccount("former", { clientId: clientIdOf("99999999-9999-4999-8999-999999999999") }),
    found: ["OBJECT_SURPLUS"],
    severity: "Warning",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "a migration's service account came late",
    request: pod,
    breakIt: () => namespaces.addAccount(pod.serviceAccount, { request: pod }),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["remove ServiceAccount"],
  },
];

describe.each(breaks)("when $what", ({ request = workload, breakIt, found, severity, writes }) => {
  it(`finds it, repairs it with ${writes.length} write(s), and finds nothing then`, async () => {
    await namespaces.onboard(request);
    breakIt();

    const before = await namespaces.findings(request);
    const { clientId } = namespaces.recordOf(request);
    const plan = await planRepair(cloud.ports, { operation: "dry", request, clientId });
    expect(namespaces.written).toEqual([]);
    const { operation } = await operate(cloud, "repair", request);

    expect(before.map(({ code }) => code).toSorted()).toEqual([...found].toSorted());
    expect(before.map(severityOf)).toContain(severity);
    expect(plan.blocked).toBe(false);
    expect(plan.steps.filter(({ action }) => action !== "none").length).toBeGreaterThan(0);
    expect(operation).toMatchObject({ status: "Succeeded", result: { manifest: expect.any(String) } });
    expect(namespaces.written.toSorted()).toEqual([...writes].toSorted());
    expect(await namespaces.findings(request)).toEqual([]);
    expect(namespaces.recordOf(request)).toMatchObject({ state: "Onboarded", findings: [] });
  });
});
