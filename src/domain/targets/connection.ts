/**
 * What an application needs to connect to a target. The namespace's ConfigMap has it twice: of all targets as JSON, by alias, and in
 * variables of the first target of each kind.
 */
import { z } from "zod";

export interface ConnectionPart {
  /** In the JSON. */
  readonly field: string;
  readonly variable: string;
  readonly value: string;
}

/** How the clients of a kind take the address of a resource: as a URL, or as the name of a host. */
export interface Address {
  readonly field: "endpoint" | "host";
  readonly variable: string;
  /** In Azure's public cloud. */
  of(resource: string): string;
}

const inOtherClouds = (usual: string) => `Without it, ${usual} of Azure's public cloud.`;

export const endpointField = (usual: string) =>
  z
    .string()
    .regex(
      /^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._-]+)*$/,
      "must be an https URL without a slash at its end",
    )
    .exactOptional()
    .meta({ description: `Where applications reach it. ${inOtherClouds(usual)}` });

export const hostField = (usual: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9.-]+$/, "must be the name of a host")
    .exactOptional()
    .meta({ description: `The name of the host where applications reach it. ${inOtherClouds(usual)}` });

/** Variables that hold an address; nobody may lead a token elsewhere by them (infra/kubernetes/write-policy.yaml). */
export function holdsAddress({ field }: Pick<ConnectionPart, "field">): boolean {
  return field === "endpoint" || field === "host";
}
