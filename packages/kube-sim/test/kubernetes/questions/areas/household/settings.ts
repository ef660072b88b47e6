/** Policies, settings, claims, and the namespace itself. */
import { type Asked, apply, as, configMap, merge, object, sent, table } from "../area.ts";
import {
  claims,
  dry,
  idle,
  ingress,
  main,
  maps,
  named,
  namespaces,
  network,
  of,
  policy,
  quotas,
  secrets,
} from "./forms.ts";

export const settingsAsked: readonly Asked[] = [
  [
    "a policy",
    "POST",
    network("networkpolicies"),
    policy({
      podSelector: { matchLabels: { app: "a" } },
      egress: [
        {
          to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }],
          ports: [
            { port: 5432, protocol: "TCP" },
            { port: 8000, endPort: 9000 },
          ],
        },
      ],
      policyTypes: ["Egress"],
    }),
  ],
  [
    "a policy of a bad block",
    "POST",
    network("networkpolicies"),
    policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0" } }] }] }),
  ],
  [
    "a policy of a block and pods",
    "POST",
    network("networkpolicies"),
    policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] }] }),
  ],
  [
    "a policy of a bad exception",
    "POST",
    network("networkpolicies"),
    policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] } }] }] }),
  ],
  [
    "a policy of an unknown type",
    "POST",
    network("networkpolicies"),
    policy({ podSelector: {}, policyTypes: ["Sideways"] }),
  ],
  [
    "a policy of ports upside down",
    "POST",
    network("networkpolicies"),
    policy({
      podSelector: {},
      egress: [
        {
          ports: [
            { port: 90, endPort: 80 },
            { port: "web", endPort: 80 },
          ],
        },
      ],
    }),
  ],
  ["a policy of nobody", "POST", network("networkpolicies"), policy({ podSelector: {}, ingress: [{ from: [{}] }] })],
  ["an ingress of nothing", "POST", network("ingresses"), ingress({})],
  [
    "an ingress of a bad host",
    "POST",
    network("ingresses"),
    ingress({
      rules: [
        {
          host: "*.*.com",
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "a", port: { number: 1 } } } }],
          },
        },
      ],
    }),
  ],
  ["an ingress of an address", "POST", network("ingresses"), ingress({ rules: [{ host: "10.0.0.1" }] })],
  [
    "an ingress of a bad path",
    "POST",
    network("ingresses"),
    ingress({
      rules: [
        {
          http: {
            paths: [
              {
                path: "a//b",
                pathType: "Exact",
                backend: { service: { name: "a", port: { name: "p", number: 1 } } },
              },
            ],
          },
        },
      ],
    }),
  ],
  [
    "an ingress of an unknown type",
    "POST",
    network("ingresses"),
    ingress({
      rules: [{ http: { paths: [{ path: "/", pathType: "Regex", backend: { resource: { kind: "B", name: "b" } } }] } }],
    }),
  ],
  [
    "an ingress with the old class",
    "POST",
    `${network("ingresses")}${dry}`,
    {
      ...ingress({ defaultBackend: { service: { name: "a", port: { number: 1 } } } }),
      metadata: { name: "i", annotations: { "kubernetes.io/ingress.class": "nginx" } },
    },
  ],
  [
    "a budget of a bad share",
    "POST",
    of("apis/policy/v1")("poddisruptionbudgets"),
    object("policy/v1", "PodDisruptionBudget", "b", { spec: { maxUnavailable: "120%" } }),
  ],
  [
    "a budget of nothing",
    "POST",
    `${of("apis/policy/v1")("poddisruptionbudgets")}${dry}`,
    object("policy/v1", "PodDisruptionBudget", "b", { spec: {} }),
  ],
  [
    "a secret of a registry",
    "POST",
    `${secrets}${dry}`,
    object("v1", "Secret", "s", {
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": '{"auths":{}}' },
    }),
  ],
  [
    "a secret of a broken registry",
    "POST",
    secrets,
    object("v1", "Secret", "s", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{" } }),
  ],
  [
    "a secret of a password",
    "POST",
    secrets,
    object("v1", "Secret", "s", { type: "kubernetes.io/basic-auth", stringData: { host: "a" } }),
  ],
  [
    "a secret of a key",
    "POST",
    secrets,
    object("v1", "Secret", "s", { type: "kubernetes.io/ssh-auth", stringData: {} }),
  ],
  [
    "a secret of an account",
    "POST",
    secrets,
    object("v1", "Secret", "s", { type: "kubernetes.io/service-account-token" }),
  ],
  [
    "a secret of both",
    "POST",
    `${secrets}${dry}`,
    object("v1", "Secret", "s", { data: { a: "YQ==" }, stringData: { a: "b", c: "d" } }),
  ],
  ["a secret of null", "POST", `${secrets}${dry}`, object("v1", "Secret", "s", { data: { a: null } })],
  ["a map of all bytes", "POST", `${maps}${dry}`, configMap("m", { binaryData: { a: "AAEC/w==" } })],
  ["a map that is too large", "POST", maps, configMap("m", { data: { a: "x".repeat(1_048_577) } })],
  ["a map of a long key", "POST", maps, configMap("m", { data: { ["k".repeat(254)]: "" } })],
  ["a map of an empty key", "POST", maps, configMap("m", { data: { "": "x" } })],
  ["a map of many annotations", "POST", maps, configMap("m", {}, { annotations: { a: "x".repeat(262_145) } })],
  ["a request that is too large", "POST", maps, "x".repeat(3 * 1024 * 1024 + 1)],
  ["a map by a stranger, too large", "POST", maps, "x".repeat(3 * 1024 * 1024 + 1), as("stranger")],
  [
    "a claim",
    "POST",
    claims,
    object("v1", "PersistentVolumeClaim", "c", {
      spec: { storageClassName: "none", accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } },
    }),
  ],
  ["the claim's modes", "PATCH", `${claims}/c`, { spec: { accessModes: ["Sometimes"] } }, merge],
  ["the claim's status", "PATCH", `${claims}/c/status`, { status: { phase: "Bound" } }, merge],
  ["the claim as a table", "GET", `${claims}/c`, undefined, table],
  [
    "a claim of zero",
    "POST",
    claims,
    object("v1", "PersistentVolumeClaim", "z", {
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "0" } } },
    }),
  ],
  [
    "a claim from a map",
    "POST",
    claims,
    object("v1", "PersistentVolumeClaim", "z", {
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
        dataSource: { kind: "ConfigMap", name: "m", apiGroup: "" },
      },
    }),
  ],
  [
    "a namespace that is held",
    "POST",
    namespaces,
    { ...named("household-held"), spec: { finalizers: ["kubernetes", "example.com/hold"] } },
  ],
  [
    "the held namespace's label",
    "PATCH",
    `${namespaces}/household-held`,
    { metadata: { labels: { "kubernetes.io/metadata.name": "other", team: "a" } } },
    merge,
  ],
  [
    "a bad level of it",
    "PATCH",
    `${namespaces}/household-held`,
    { metadata: { labels: { "pod-security.kubernetes.io/enforce": "strict" } } },
    merge,
  ],
  [
    "a good level of it",
    "PATCH",
    `${namespaces}/household-held`,
    {
      metadata: {
        labels: {
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/enforce-version": "v1.30",
        },
      },
    },
    merge,
  ],
  [
    "a pod in it",
    "POST",
    `${namespaces}/household-held/pods${dry}`,
    idle("p", { hostNetwork: true, ...main({ securityContext: { privileged: true } }) }),
  ],
  [
    "the held namespace's phase",
    "PUT",
    `${namespaces}/household-held/status`,
    { ...named("household-held"), status: { phase: "Odd" } },
  ],
  [
    "the held namespace's finalizers, put back",
    "PUT",
    `${namespaces}/household-held/finalize`,
    { ...named("household-held"), spec: { finalizers: ["example.com/hold"] } },
  ],
  ["the held namespace's end", "DELETE", `${namespaces}/household-held`],
  ["the held namespace's end, again", "DELETE", `${namespaces}/household-held`],
  ["a map in it", "POST", `${namespaces}/household-held/configmaps`, configMap("late")],
  ["maps of it", "GET", `${namespaces}/household-held/configmaps?labelSelector=none`],
  ["the held namespace, made again", "POST", namespaces, named("household-held")],
  ["the held namespace, read", "GET", `${namespaces}/household-held`],
  [
    "the held namespace, free",
    "PUT",
    `${namespaces}/household-held/finalize`,
    { ...named("household-held"), spec: {} },
  ],
  ["the held namespace, gone", "GET", `${namespaces}/household-held`],
  ["the end of the default", "DELETE", `${namespaces}/default`],
  ["the end of the system", "DELETE", `${namespaces}/kube-system`],
  ["a namespace of a bad name", "POST", namespaces, named("Team_A")],
  ["a namespace with dots", "POST", namespaces, named("team.a")],
  ["a namespace that is too long", "POST", namespaces, named("t".repeat(64))],
  ["a namespace in a namespace", "POST", namespaces, object("v1", "Namespace", "x", {}, { namespace: "y" })],
  [
    "a namespace of YAML",
    "POST",
    `${namespaces}${dry}`,
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: of-yaml\n  labels: {team: a}\n",
    sent("application/yaml"),
  ],
  ["a namespace by apply", "PATCH", `${namespaces}/by-apply?fieldManager=me&dryRun=All`, named("by-apply"), apply],
  [
    "a namespace, made up",
    "POST",
    `${namespaces}${dry}`,
    { apiVersion: "v1", kind: "Namespace", metadata: { generateName: "Area-" } },
  ],
  ["namespaces active", "GET", `${namespaces}?fieldSelector=status.phase%3DTerminating`],
  ["the quota of nothing", "GET", `${quotas}/none/status`],
];
