/** Reads what a client sent: rhea decodes it, but nothing guarantees its shape. */
import { BrokerError } from "./errors.ts";

export type Properties = Readonly<Record<string, unknown>>;

export function asProperties(value: unknown): Properties {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokerError("com.microsoft:argument-error", "The request lacks a list that its operation needs.");
}

/** rhea returns integers beyond 53 bits as Buffers; no sequence number here gets that large. */
export function asNumber(value: unknown): number {
  if (typeof value === "number") return value;
  throw new BrokerError("com.microsoft:argument-error", `${String(value)} is not a number issued by this broker.`);
}
