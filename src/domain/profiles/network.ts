/** What the catalog says of network policies: of a profile's, and of the clusters that enforce them. */
import { z } from "zod";
import { Addresses, type Destination, destinationOf, HostPatterns, onePort, type Ports } from "../targets/reach.ts";

const NamespaceName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace");

const portRange = /^\d{1,5}-\d{1,5}$/;

const Port = z.union([
  z.int().min(1).max(65_535),
  z
    .string()
    .regex(portRange, "must be a port, or a range such as 8000-8999")
    .refine(
      (text) => !portRange.test(text) || isRange(readPorts(text)),
      "must be a range from the lower port to the higher one",
    ),
]);

const Opening = z
  .strictObject({
    addresses: Addresses.optional().meta({ description: "Blocks of addresses." }),
    hosts: HostPatterns.optional().meta({ description: "Names; only for Cilium's policies." }),
    ports: z.array(Port).min(1).default([443]).meta({ description: "Ports, or ranges such as 8000-8999." }),
  })
  .refine(({ addresses, hosts }) => addresses !== undefined || hosts !== undefined, "must have addresses or hosts");

export const Network = z
  .strictObject({
    within: z.boolean().default(true).meta({ description: "Whether its pods reach each other." }),
    from: z.array(NamespaceName).default([]).meta({
      description: "Namespaces whose pods may connect to its pods, such as that of an ingress controller.",
    }),
    to: z.array(NamespaceName).default([]).meta({ description: "Namespaces whose pods its pods may connect to." }),
    destinations: z.array(Opening).default([]).meta({
      description: "What its pods may reach besides what the request names.",
    }),
  })
  .meta({
    description:
      "A network policy: its pods reach DNS, Microsoft Entra and the targets of the request, and nothing else but what is here.",
  });
export type Network = z.infer<typeof Network>;

/** The field of a cluster. */
export const clusterNetworkField = z
  .strictObject({
    policies: z.enum(["kubernetes", "cilium"]).default("kubernetes").meta({
      description:
        "What enforces network policies there: addresses alone (NetworkPolicy), or names, too (CiliumNetworkPolicy; needs Advanced Container Networking Services).",
    }),
    login: z
      .strictObject({
        hosts: HostPatterns.default(["login.microsoftonline.com"]).meta({
          description: "The names of Microsoft Entra.",
        }),
        addresses: Addresses.optional().meta({
          description:
            "Its blocks of addresses: the service tag AzureActiveDirectory. A cluster without Cilium's policies needs them.",
        }),
        port: z.int().min(1).max(65_535).default(443).meta({ description: "The port of Microsoft Entra." }),
      })
      .prefault({})
      .meta({ description: "Where workloads sign in." }),
    tokenProxy: z
      .strictObject({
        hosts: HostPatterns.optional().meta({ description: "Its names; only for Cilium's policies." }),
        addresses: Addresses.optional().meta({
          description: "Its blocks of addresses: what AZURE_KUBERNETES_TOKEN_PROXY of such a pod leads to.",
        }),
        port: z.int().min(1).max(65_535).default(443).meta({ description: "Its port." }),
      })
      .prefault({})
      .meta({ description: "Where workloads with an identity binding get their tokens instead." }),
  })
  .prefault({})
  .meta({
    description: "What network policies of profiles need to know of the cluster (docs/profiles.md). Since 0.2.0.",
  });
export type ClusterNetwork = z.infer<typeof clusterNetworkField>;

export function loginOf({ login }: ClusterNetwork): Destination {
  return destinationOf({ what: "Microsoft Entra", pointer: profilePointer, ports: [onePort(login.port)] }, login);
}

export function tokenProxyOf({ tokenProxy }: ClusterNetwork): Destination {
  const ports = [onePort(tokenProxy.port)];
  return destinationOf({ what: "the token proxy of the cluster", pointer: profilePointer, ports }, tokenProxy);
}

/** What the profile opens besides. */
export function openedBy({ destinations }: Network): readonly Destination[] {
  return destinations.map(({ ports, ...where }) =>
    destinationOf({ what: "what the profile opens", pointer: profilePointer, ports: ports.map(readPorts) }, where),
  );
}

const profilePointer = "/namespaceProfile";

function isRange({ from, to }: Ports): boolean {
  return 1 <= from && from <= to && to <= 65_535;
}

function readPorts(port: string | number): Ports {
  if (typeof port === "number") return onePort(port);
  const [from = 0, to = 0] = port.split("-").map(Number);
  return { from, to };
}

/** For IPv4; of any other address nobody here can tell. */
export function containsAddress(block: string, address: string): boolean {
  const [start = "", length = ""] = block.split("/");
  if ([start, address].some((each) => !/^\d+(\.\d+){3}$/.test(each))) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(toNumber(start) / size) === Math.floor(toNumber(address) / size);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function matchesHost(pattern: string, host: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join("[^.]*")}$`, "i").test(host.replace(/\.$/, ""));
}
