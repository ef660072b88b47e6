/** Services, ingresses, endpoints and policies of the network. */
import { type Area, cluster, json, merge, object, paths, strategic, table } from "./area.ts";

const { core, network: below, of } = paths("network");
const services = core("services");
const dry = (path: string) => `${path}?dryRun=All`;
const service = (spec: object, name = "x") => object("v1", "Service", name, { spec });
const http = { port: 80 };
const ingress = (spec: object, name = "x", metadata: object = {}) =>
  object("networking.k8s.io/v1", "Ingress", name, { spec }, metadata);
const backend = { service: { name: "s", port: { number: 80 } } };
const rule = (path: object) => ({
  rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", backend, ...path }] } }],
});
const policy = (spec: object, name = "x") => object("networking.k8s.io/v1", "NetworkPolicy", name, { spec });
const slices = of("apis/discovery.k8s.io/v1")("endpointslices");
const slice = (rest: object, name = "x") => object("discovery.k8s.io/v1", "EndpointSlice", name, rest);

export const network: Area = {
  name: "network",
  asked: [
    [
      "a service at an address",
      "POST",
      services,
      service({ clusterIP: "10.0.77.7", selector: { a: "b" }, ports: [http] }, "a"),
    ],
    ["a service at an address that is taken", "POST", services, service({ clusterIP: "10.0.77.7", ports: [http] })],
    ["a service at an address outside", "POST", services, service({ clusterIP: "192.168.1.1", ports: [http] })],
    ["a service at no address", "POST", services, service({ clusterIP: "nowhere", ports: [http] })],
    [
      "a service at a port of nodes",
      "POST",
      services,
      service({ type: "NodePort", clusterIP: "10.0.77.8", ports: [{ ...http, nodePort: 30_777 }] }, "node"),
    ],
    [
      "a service at a port of nodes that is taken",
      "POST",
      services,
      service({ type: "NodePort", clusterIP: "10.0.77.9", ports: [{ ...http, nodePort: 30_777 }] }),
    ],
    [
      "a service at a port of nodes outside",
      "POST",
      services,
      service({ type: "NodePort", ports: [{ ...http, nodePort: 80 }] }),
    ],
    [
      "a service of a cluster with a port of nodes",
      "POST",
      services,
      service({ ports: [{ ...http, nodePort: 30_778 }] }),
    ],
    [
      "a service with a balancer, dryly",
      "POST",
      dry(services),
      service({ type: "LoadBalancer", clusterIP: "10.0.77.10", ports: [{ ...http, nodePort: 30_779 }] }),
    ],
    ["a service by another name, without it", "POST", services, service({ type: "ExternalName" })],
    [
      "a service by another name, with an address",
      "POST",
      services,
      service({ type: "ExternalName", externalName: "a.example", clusterIP: "10.0.77.11" }),
    ],
    ["a service by a bad name", "POST", services, service({ type: "ExternalName", externalName: "not good" })],
    [
      "a service without addresses, of nodes",
      "POST",
      services,
      service({ type: "NodePort", clusterIP: "None", ports: [http] }),
    ],
    ["a service without addresses, selector or ports", "POST", dry(services), service({ clusterIP: "None" })],
    ["a service of an unknown protocol", "POST", services, service({ ports: [{ ...http, protocol: "ICMP" }] })],
    [
      "a service of two ports alike",
      "POST",
      services,
      service({
        ports: [
          { name: "a", port: 1 },
          { name: "b", port: 1 },
        ],
      }),
    ],
    [
      "a service of two ports of one name",
      "POST",
      services,
      service({
        ports: [
          { name: "a", port: 1 },
          { name: "a", port: 2 },
        ],
      }),
    ],
    ["a service with a port's bad name", "POST", services, service({ ports: [{ name: "A_B", port: 1 }] })],
    [
      "a service to a bad port",
      "POST",
      services,
      service({ ports: [{ port: 1, targetPort: "not-a-very-good-name" }] }),
    ],
    ["a service of an unknown affinity", "POST", services, service({ sessionAffinity: "Some", ports: [http] })],
    [
      "a service with affinity",
      "POST",
      dry(services),
      service({ sessionAffinity: "ClientIP", clusterIP: "10.0.77.12", ports: [http] }),
    ],
    [
      "a service with a wrong affinity's time",
      "POST",
      services,
      service({
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
        ports: [http],
      }),
    ],
    ["a service with a bad selector", "POST", services, service({ selector: { "a b": "c" }, ports: [http] })],
    [
      "a service with traffic of an unknown policy",
      "POST",
      services,
      service({ externalTrafficPolicy: "Some", internalTrafficPolicy: "Some", ports: [http] }),
    ],
    ["a service of both families", "POST", services, service({ ipFamilyPolicy: "RequireDualStack", ports: [http] })],
    ["a service of an unknown family", "POST", services, service({ ipFamilies: ["IPv5"], ports: [http] })],
    ["a service with outer addresses", "POST", services, service({ externalIPs: ["127.0.0.1", "x"], ports: [http] })],
    [
      "a service with a class without a balancer",
      "POST",
      services,
      service({ loadBalancerClass: "a.example/b", ports: [http] }),
    ],
    ["a service's bad name", "POST", services, service({ ports: [http] }, "Bad_Name")],
    ["a service's long name", "POST", services, service({ ports: [http] }, "n".repeat(64))],
    ["a service's ports", "PATCH", `${services}/a`, { spec: { ports: [{ port: 81, name: "second" }] } }, strategic],
    ["a service's ports by a merge", "PATCH", `${services}/a`, { spec: { ports: [{ port: 82 }] } }, merge],
    ["a service without its address", "PATCH", `${services}/a`, { spec: { clusterIP: "" } }, merge],
    [
      "a service of another type",
      "PATCH",
      `${services}/a?dryRun=All`,
      { spec: { type: "ExternalName", externalName: "a.example", clusterIP: null, clusterIPs: null } },
      merge,
    ],
    ["a service replaced without its address", "PUT", `${services}/a`, service({ ports: [http] }, "a")],
    [
      "a service's status",
      "PATCH",
      `${services}/node/status`,
      { status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } },
      merge,
    ],
    ["services as a table", "GET", services, undefined, table],
    ["a service deleted", "DELETE", `${services}/a`],
    [
      "an ingress with TLS",
      "POST",
      dry(below("ingresses")),
      ingress({ ingressClassName: "c", tls: [{ hosts: ["a.example"], secretName: "s" }], ...rule({}) }),
    ],
    ["an ingress of an unknown type of path", "POST", below("ingresses"), ingress(rule({ pathType: "Some" }))],
    ["an ingress of a relative path", "POST", below("ingresses"), ingress(rule({ path: "a" }))],
    ["an ingress of a path that goes up", "POST", below("ingresses"), ingress(rule({ path: "/a/../b" }))],
    ["an ingress without a backend", "POST", below("ingresses"), ingress(rule({ backend: {} }))],
    [
      "an ingress to a service without a port",
      "POST",
      below("ingresses"),
      ingress(rule({ backend: { service: { name: "s" } } })),
    ],
    [
      "an ingress to a service of two ports",
      "POST",
      below("ingresses"),
      ingress(rule({ backend: { service: { name: "s", port: { number: 80, name: "http" } } } })),
    ],
    [
      "an ingress of both backends",
      "POST",
      below("ingresses"),
      ingress({ defaultBackend: { ...backend, resource: { kind: "Bucket", name: "b" } } }),
    ],
    [
      "an ingress without paths",
      "POST",
      below("ingresses"),
      ingress({ rules: [{ host: "a.example", http: { paths: [] } }] }),
    ],
    ["an ingress at an address", "POST", below("ingresses"), ingress({ rules: [{ host: "1.2.3.4" }] })],
    ["an ingress at a wildcard within", "POST", below("ingresses"), ingress({ rules: [{ host: "a.*.example" }] })],
    [
      "an ingress of both classes",
      "POST",
      below("ingresses"),
      ingress({ ingressClassName: "c", ...rule({}) }, "x", { annotations: { "kubernetes.io/ingress.class": "d" } }),
    ],
    [
      "a class of ingresses",
      "POST",
      dry(cluster("apis/networking.k8s.io/v1")("ingressclasses")),
      object("networking.k8s.io/v1", "IngressClass", "area-c", { spec: { controller: "a.example/b" } }),
    ],
    [
      "a class of ingresses of nobody",
      "POST",
      dry(cluster("apis/networking.k8s.io/v1")("ingressclasses")),
      object("networking.k8s.io/v1", "IngressClass", "area-c", {
        spec: { controller: "bad", parameters: { kind: "A", name: "b", scope: "Namespace" } },
      }),
    ],
    [
      "a policy of a range of ports",
      "POST",
      dry(below("networkpolicies")),
      policy({ podSelector: {}, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }),
    ],
    [
      "a policy of a range backwards",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ ports: [{ port: 90, endPort: 80 }] }] }),
    ],
    [
      "a policy of a range from a name",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ ports: [{ port: "http", endPort: 80 }] }] }),
    ],
    [
      "a policy of an unknown protocol",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ ports: [{ protocol: "ICMP" }] }] }),
    ],
    [
      "a policy of a bad selector",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: { matchLabels: { "a b": "c" } } }),
    ],
    [
      "a policy of a block and a selector",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }] }] }),
    ],
    [
      "a policy of a block with bits",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.1/8" } }] }] }),
    ],
    [
      "a policy of three types",
      "POST",
      below("networkpolicies"),
      policy({ podSelector: {}, policyTypes: ["Ingress", "Egress", "Ingress"] }),
    ],
    [
      "a policy without a spec",
      "POST",
      dry(below("networkpolicies")),
      object("networking.k8s.io/v1", "NetworkPolicy", "x"),
    ],
    [
      "endpoints of a bad port",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "x", { subsets: [{ addresses: [{ ip: "10.1.1.1" }], ports: [{ port: 0 }] }] }),
    ],
    ["endpoints of nothing", "POST", core("endpoints"), object("v1", "Endpoints", "x", { subsets: [{}] })],
    [
      "endpoints of a loopback",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "x", { subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ port: 1 }] }] }),
    ],
    ["a slice of an unknown type", "POST", slices, slice({ addressType: "IPX", endpoints: [] })],
    ["a slice of a wrong address", "POST", slices, slice({ addressType: "IPv4", endpoints: [{ addresses: ["a"] }] })],
    ["a slice of no addresses", "POST", slices, slice({ addressType: "IPv4", endpoints: [{ addresses: [] }] })],
    [
      "a slice's type changed",
      "POST",
      slices,
      slice({ addressType: "IPv4", endpoints: [], ports: [{ name: "p", port: 80 }] }, "a"),
    ],
    [
      "a slice's type changed now",
      "PATCH",
      `${slices}/a`,
      [{ op: "replace", path: "/addressType", value: "IPv6" }],
      json,
    ],
  ],
};
