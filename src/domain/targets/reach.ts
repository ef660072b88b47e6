/**
 * Where a target is on the network: what a profile's network policy opens (docs/profiles.md). The catalog says of each entry what
 * Mooring cannot know: its addresses, and whether it has a private endpoint.
 */
import { z } from "zod";

/** The instance metadata service, which gives whoever asks the identities of the node. */
export const imds = "169.254.169.254";

export const Addresses = z
  .array(z.union([z.cidrv4(), z.cidrv6()], "must be a block of addresses such as 10.1.0.0/24"))
  .min(1)
  .refine(
    (blocks) => blocks.every((block) => !/^(0\.0\.0\.0|::)\/0$/.test(block)),
    "must not be every address: name the blocks that are meant",
  )
  .refine(
    (blocks) => !blocks.includes(`${imds}/32`),
    "must not be the instance metadata service, which no policy opens",
  );

/** A name, or a pattern of Cilium's: `*` stands for any part of a name between two dots. */
export const HostPatterns = z
  .array(
    z
      .string()
      .max(255)
      .regex(
        /^[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?(\.[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?)+$/,
        "must be a name such as *.example.com",
      ),
  )
  .min(1);

const where = {
  addresses: Addresses.optional().meta({
    description:
      "Its blocks of addresses, such as those of a private endpoint's subnet or of a service tag. A cluster without Cilium's policies needs them.",
  }),
  hosts: HostPatterns.optional().meta({
    description: "Its names, where they are other than its resource's name says; only for Cilium's policies.",
  }),
};

const meta = {
  description: "Where it is on the network, for profiles with a network policy (docs/profiles.md). Since 0.2.0.",
};

/** The field of a target. */
export const networkField = z.strictObject(where).optional().meta(meta);

/** The field of a SQL server. */
export const sqlNetworkField = z
  .strictObject({
    ...where,
    privateEndpoint: z.enum(["redirect", "proxy"]).optional().meta({
      description:
        "It is reached by a private endpoint, and how its connection policy answers there (Default is proxy). Without it, by its public endpoint: ports 1433 and 11000 to 11999.",
    }),
  })
  .optional()
  .meta(meta);

export interface Ports {
  readonly from: number;
  readonly to: number;
}

export interface Destination {
  /** For people: `SQL server sql-dev`. */
  readonly what: string;
  /** JSON Pointer in the request. */
  readonly pointer: string;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
  readonly ports: readonly Ports[];
}

type Where = { readonly addresses?: readonly string[] | undefined; readonly hosts?: readonly string[] | undefined };

export function destinationOf(
  { what, pointer, ports }: Pick<Destination, "what" | "pointer" | "ports">,
  { addresses = [], hosts }: Where = {},
  ...names: readonly string[]
): Destination {
  return { what, pointer, ports, addresses, hosts: hosts ?? names };
}

export function onePort(port: number): Ports {
  return { from: port, to: port };
}

/** Where the server sends clients of its public endpoint (learn.microsoft.com "Azure SQL connectivity architecture", Redirect). */
const redirected: Ports = { from: 11_000, to: 11_999 };

export function sqlPorts(port: number, privateEndpoint: "redirect" | "proxy" | undefined): readonly Ports[] {
  if (privateEndpoint === "proxy") return [onePort(port)];
  if (privateEndpoint === "redirect") return [{ from: Math.min(port, 1433), to: 65_535 }];
  return [onePort(port), redirected];
}
