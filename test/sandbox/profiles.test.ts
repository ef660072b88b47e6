/** Profiles of namespaces on the whole system: planned, made, put right, changed, undone, adopted, exported, and gone. */
import { CoreV1Api, NetworkingV1Api } from "@kubernetes/client-node";
import { afterEach, describe, expect } from "vitest";
import { namesOfProfile } from "../../src/domain/naming/names.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { actsOn, pathOf } from "../support/namespaceActs.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";
import { enforce, wanted, warn } from "./support/profiled.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** Both of the cluster's administrator. */
let core: CoreV1Api;
let networking: NetworkingV1Api;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  networking = config.makeApiClient(NetworkingV1Api);
});
afterEach(() => sandbox.cloud.faults.clear());

const { plan, onboard, verify, repair, offboard } = actsOn(() => service);

const quotaIn = (namespace: string) => ({ name: namesOfProfile.quota, namespace });
const limitsIn = (namespace: string) => ({ name: namesOfProfile.limits, namespace });

async function hardIn(namespace: string) {
  return (await core.readNamespacedResourceQuota(quotaIn(namespace))).spec?.hard;
}

async function labelsOf(namespace: string) {
  const { metadata } = await core.readNamespace({ name: namespace });
  return Object.fromEntries(
    Object.entries(metadata?.labels ?? {}).filter(([name]) => name.startsWith("pod-security.kubernetes.io/")),
  );
}

/** Everything of a profile that the namespace has. */
async function profileOf(namespace: string) {
  const [quotas, ranges, labels] = await Promise.all([
    core.listNamespacedResourceQuota({ namespace }),
    core.listNamespacedLimitRange({ namespace }),
    labelsOf(namespace),
  ]);
  return { objects: [...quotas.items, ...ranges.items].map(({ metadata }) => metadata?.name), labels };
}

const standardHard = { pods: "20", "requests.cpu": "4", "requests.memory": "8Gi" };
const nothing = { objects: [], labels: {} };

describe("a namespace with a profile", () => {
  it("gets what was planned, shows no drift, is exported, and leaves nothing where the namespace stays", async () => {
    const namespace = "profiled";
    const request = wanted(namespace, { deletePolicy: "Keep" });
    const planned = await plan(request);
    expect(planned).toMatchObject({
      blocked: false,
      steps: expect.arrayContaining([
        expect.objectContaining({
          name: "applyProfile",
          action: "create",
          differences: [
            { field: "metadata.name", current: null, desired: `ResourceQuota ${namespace}/mooring-quota` },
            { field: "metadata.name", current: null, desired: `LimitRange ${namespace}/mooring-limits` },
          ],
        }),
      ]),
    });

    const operation = await onboard(request);
    expect(operation.steps.find(({ name }) => name === "applyProfile")).toMatchObject({ action: "create" });
    expect(await hardIn(namespace)).toEqual(standardHard);
    expect((await core.readNamespacedLimitRange(limitsIn(namespace))).spec?.limits).toEqual([
      {
        type: "Container",
        _default: { cpu: "500m", memory: "512Mi" },
        defaultRequest: { cpu: "100m", memory: "128Mi" },
      },
    ]);
    expect(await labelsOf(namespace)).toEqual({ [enforce]: "baseline", [warn]: "restricted" });
    expect(await verify(namespace)).toEqual([]);
    expect((await service.call("GET", pathOf(namespace))).body).toMatchObject({
      request: { namespaceProfile: "standard" },
    });

    const exported = await (await fetch(`${sandbox.url}${pathOf(namespace)}/export?format=kubernetes`)).text();
    expect(exported).toContain("kind: LimitRange");
    expect(exported).toContain("requests.memory: 8Gi");
    expect(exported).toContain(`${enforce}: baseline`);

    await offboard(namespace);
    expect(await profileOf(namespace)).toEqual(nothing);
  });
});

describe("drift", () => {
  it("of each field is found and repaired", async () => {
    const namespace = "profile-drifting";
    await onboard(wanted(namespace));

    const quota = await core.readNamespacedResourceQuota(quotaIn(namespace));
    quota.spec = { hard: { ...quota.spec?.hard, pods: "200" } };
    await core.replaceNamespacedResourceQuota({ ...quotaIn(namespace), body: quota });
    const limits = await core.readNamespacedLimitRange(limitsIn(namespace));
    const [first] = limits.spec?.limits ?? [];
    limits.spec = {
      limits: [{ ...first, type: "Container", _default: { ...first?._default, cpu: "8" }, max: { cpu: "16" } }],
    };
    await core.replaceNamespacedLimitRange({ ...limitsIn(namespace), body: limits });
    const space = await core.readNamespace({ name: namespace });
    const { [warn]: _warn, ...others } = space.metadata?.labels ?? {};
    space.metadata = { ...space.metadata, labels: { ...others, [enforce]: "privileged" } };
    await core.replaceNamespace({ name: namespace, body: space });

    const found = (await verify(namespace)) as {
      code: string;
      field: string;
      expected: string | null;
      found: string | null;
    }[];
    const told = found.map(({ code, field, expected, found: is }) => `${code} ${field}: ${is}, not ${expected}`);
    expect(told.toSorted()).toEqual([
      `OBJECT_CHANGED metadata.labels.${enforce}: privileged, not baseline`,
      `OBJECT_CHANGED metadata.labels.${warn}: null, not restricted`,
      "OBJECT_CHANGED spec.hard.pods: 200, not 20",
      "OBJECT_CHANGED spec.limits[0].default.cpu: 8, not 500m",
      "OBJECT_CHANGED spec.limits[0].max.cpu: 16, not null",
    ]);

    await repair(namespace);
    expect(await verify(namespace)).toEqual([]);
    expect(await hardIn(namespace)).toEqual(standardHard);
    expect(await labelsOf(namespace)).toEqual({ [enforce]: "baseline", [warn]: "restricted" });

    await core.deleteNamespacedLimitRange(limitsIn(namespace));
    expect(await verify(namespace)).toMatchObject([{ code: "OBJECT_MISSING", target: "LimitRange mooring-limits" }]);
    await repair(namespace);
    expect(await verify(namespace)).toEqual([]);
    await offboard(namespace);
  });
});

describe("a change", () => {
  it("goes to another profile and to none, and gives up what the new one does not have", async () => {
    const namespace = "profile-changing";
    await onboard(wanted(namespace));

    await onboard(wanted(namespace, { namespaceProfile: "small" }));
    expect(await hardIn(namespace)).toEqual({ "count/jobs.batch": "5", "requests.cpu": "1", "requests.memory": "2Gi" });
    expect(await profileOf(namespace)).toEqual({ objects: ["mooring-quota"], labels: {} });
    expect(await verify(namespace)).toEqual([]);

    const { namespaceProfile: _profile, ...without } = wanted(namespace);
    await onboard(without);
    expect(await profileOf(namespace)).toEqual(nothing);
    expect(await verify(namespace)).toEqual([]);
    await offboard(namespace);
  });
});

describe("what others have", () => {
  it("is adopted with adoptionPolicy Always, and restored in the end", async () => {
    const namespace = "profile-adopting";
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    const hard = { pods: "3", secrets: "9" };
    await core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name: namesOfProfile.quota }, spec: { hard } },
    });
    expect(await plan(wanted(namespace))).toMatchObject({
      blocked: true,
      steps: expect.arrayContaining([
        expect.objectContaining({
          name: "applyProfile",
          blockers: [expect.objectContaining({ code: "KUBERNETES_CONFLICT" })],
        }),
      ]),
    });

    await onboard(wanted(namespace, { adoptionPolicy: "Always" }));
    expect(await hardIn(namespace)).toEqual({ ...standardHard, secrets: "9" });
    expect(await verify(namespace)).toMatchObject([
      { code: "POD_SECURITY_UNSET", field: `metadata.labels.${enforce}` },
      { code: "POD_SECURITY_UNSET", field: `metadata.labels.${warn}` },
    ]);

    await offboard(namespace);
    expect(await hardIn(namespace)).toEqual(hard);
  });

  it("keeps its Pod Security labels on a namespace that is not Mooring's, and the plan says so", async () => {
    const namespace = "theirs";
    await core.createNamespace({ body: { metadata: { name: namespace, labels: { [enforce]: "privileged" } } } });
    const planned = await plan(wanted(namespace));
    expect(planned).toMatchObject({ blocked: false });
    expect(JSON.stringify(planned)).toContain(
      `Namespace aks-dev/theirs is not Mooring's: it lacks ${enforce}=baseline, ${warn}=restricted.`,
    );
    await onboard(wanted(namespace));
    expect(await labelsOf(namespace)).toEqual({ [enforce]: "privileged" });
    await offboard(namespace);
    expect(await labelsOf(namespace)).toEqual({ [enforce]: "privileged" });
  });
});

describe("a network policy", () => {
  const policyIn = (namespace: string) => ({ name: namesOfProfile.network, namespace });
  const blocksIn = async (namespace: string) => {
    const { spec } = await networking.readNamespacedNetworkPolicy(policyIn(namespace));
    return (spec?.egress ?? [])
      .flatMap(({ to = [] }) => to)
      .flatMap(({ ipBlock }) => ipBlock?.cidr ?? [])
      .toSorted();
  };

  it("follows the request, and goes with the profile", async () => {
    const namespace = "isolated";
    await onboard(wanted(namespace, { namespaceProfile: "isolated" }));
    expect(await blocksIn(namespace)).toEqual(["127.0.0.1/32", "127.0.0.1/32", "169.254.10.0/24"]);
    expect(await verify(namespace)).toEqual([]);

    const targets = [{ target: "uploads", access: ["read"] }];
    await onboard(wanted(namespace, { namespaceProfile: "isolated", targets }));
    expect(await blocksIn(namespace)).toEqual(["10.7.0.0/28", "127.0.0.1/32", "127.0.0.1/32", "169.254.10.0/24"]);
    await onboard(wanted(namespace, { namespaceProfile: "isolated", databases: [], targets }));
    expect(await blocksIn(namespace)).toEqual(["10.7.0.0/28", "127.0.0.1/32", "169.254.10.0/24"]);
    expect(await verify(namespace)).toEqual([]);

    await onboard(wanted(namespace, { namespaceProfile: "small", databases: [], targets }));
    await expect(networking.readNamespacedNetworkPolicy(policyIn(namespace))).rejects.toMatchObject({ code: 404 });
    await offboard(namespace);
  });

  it("that would keep the namespace from its tokens or its targets is refused, also on the way back to pod identity", async () => {
    const onPodIdentity = wanted("denied", { namespaceProfile: "isolated", identityMode: "podIdentity" });
    expect((await service.call("POST", "/api/onboardings?dryRun=true", onPodIdentity)).body).toMatchObject({
      code: "PROFILE_CUTS_OFF",
      errors: [{ pointer: "/namespaceProfile" }],
    });
    const unknown = wanted("denied", { namespaceProfile: "isolated", targets: [{ target: "gpt", access: ["use"] }] });
    expect((await service.call("POST", "/api/onboardings", unknown)).body).toMatchObject({
      code: "PROFILE_CUTS_OFF",
      errors: [{ pointer: "/targets/0/target", detail: expect.stringContaining("no addresses of target gpt") }],
    });

    await onboard(wanted("stays", { namespaceProfile: "isolated" }));
    const back = await service.call("POST", `${pathOf("stays")}/migrate?to=podIdentity`);
    expect(back.body).toMatchObject({ code: "PROFILE_CUTS_OFF" });
    await offboard("stays");
  });
});

describe("a request", () => {
  it("for a profile that the catalog does not have is refused, with those that it has", async () => {
    const refused = await service.call("POST", "/api/onboardings", wanted("unknown", { namespaceProfile: "huge" }));
    expect(refused.body).toMatchObject({
      code: "UNKNOWN_PROFILE",
      errors: [{ pointer: "/namespaceProfile", detail: expect.stringContaining("it has standard, isolated, small") }],
    });
  });
});
