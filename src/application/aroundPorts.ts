import { defined } from "../domain/defined.ts";
import { type PortEffect, portEffects } from "../ports/effects.ts";
import type { Ports } from "../ports/index.ts";

type PortName = keyof typeof portEffects;

export interface PortCall {
  readonly port: PortName;
  readonly method: string;
  /** Reads or writes by what it is asked for: a dry run reads. */
  readonly effect: Exclude<PortEffect, "writesUnlessDryRun">;
  /** It asks Azure, a cluster or a database; Mooring's own records and messages are inward. */
  readonly isOutward: boolean;
  readonly input: readonly unknown[];
  /** Makes the call. */
  go(): unknown;
}

const inward: ReadonlySet<PortName> = new Set(["registry", "audit", "changes", "idempotencyKeys", "events", "queue"]);

/** The same ports, but `around` makes each of their calls, or answers in its place. The ports themselves declare which of them write. */
export function aroundPorts(ports: Ports, around: (call: PortCall) => unknown): Ports {
  const { catalog, admissions, tokens, index } = ports;
  const each = <Name extends PortName>(name: Name) => wrapped(ports[name], name, around);
  // One by one: a port that is left out does not compile.
  return defined({
    catalog,
    admissions,
    tokens,
    index,
    identities: each("identities"),
    identityBindings: each("identityBindings"),
    managedNamespaces: each("managedNamespaces"),
    sqlServers: each("sqlServers"),
    roleAssignments: each("roleAssignments"),
    cosmosRoles: each("cosmosRoles"),
    azureResources: each("azureResources"),
    databases: each("databases"),
    postgres: each("postgres"),
    kubernetes: each("kubernetes"),
    issuers: each("issuers"),
    registry: each("registry"),
    audit: each("audit"),
    changes: each("changes"),
    idempotencyKeys: each("idempotencyKeys"),
    events: each("events"),
    queue: each("queue"),
  });
}

function wrapped<Port extends object>(port: Port, name: PortName, around: (call: PortCall) => unknown): Port {
  const effectOf = new Map<PropertyKey, PortEffect>(Object.entries<PortEffect>(portEffects[name]));
  const isOutward = !inward.has(name);
  return new Proxy(port, {
    get(target, method, receiver) {
      const call: unknown = Reflect.get(target, method, receiver);
      if (typeof call !== "function" || typeof method !== "string") return call;
      // A method that no table lists can only come from outside the types; assume that it writes.
      const declared = effectOf.get(method) ?? "writes";
      return (...input: unknown[]) => {
        const effect = declared === "writesUnlessDryRun" ? (input.some(asksOnly) ? "reads" : "writes") : declared;
        return around({ port: name, method, effect, isOutward, input, go: () => Reflect.apply(call, target, input) });
      };
    },
  });
}

function asksOnly(option: unknown): boolean {
  return typeof option === "object" && option !== null && "dryRun" in option && option.dryRun === true;
}
