import { defined } from "../../domain/defined.ts";
import { mayStillLand } from "../../domain/errors.ts";
import { type EffectsOf, type PortEffect, portEffects } from "../../ports/effects.ts";
import type { Ports } from "../../ports/index.ts";

/**
 * The same ports, but each of their writes asks the gate, waits for it, and does not happen if it rejects. The ports themselves declare which
 * calls are writes (`portEffects`), so a new method is gated from the start. `onUnanswered` is called for a write outside Mooring
 * whose answer did not come: what it wrote may take effect later.
 */
export function gateWrites(
  ports: Ports,
  gate: () => Promise<unknown>,
  onUnanswered: () => void = () => undefined,
): Ports {
  const outward = <Port extends object>(port: Port, effects: EffectsOf<Port>) =>
    gated(port, effects, gate, (error) => {
      if (mayStillLand(error)) onUnanswered();
    });
  const { catalog, admissions, tokens } = ports;
  // One by one: a port that is left out does not compile.
  return defined({
    catalog,
    admissions,
    tokens,
    identities: outward(ports.identities, portEffects.identities),
    identityBindings: outward(ports.identityBindings, portEffects.identityBindings),
    managedNamespaces: outward(ports.managedNamespaces, portEffects.managedNamespaces),
    sqlServers: outward(ports.sqlServers, portEffects.sqlServers),
    roleAssignments: outward(ports.roleAssignments, portEffects.roleAssignments),
    cosmosRoles: outward(ports.cosmosRoles, portEffects.cosmosRoles),
    azureResources: outward(ports.azureResources, portEffects.azureResources),
    databases: outward(ports.databases, portEffects.databases),
    postgres: outward(ports.postgres, portEffects.postgres),
    kubernetes: outward(ports.kubernetes, portEffects.kubernetes),
    issuers: outward(ports.issuers, portEffects.issuers),
    registry: gated(ports.registry, portEffects.registry, gate),
    audit: gated(ports.audit, portEffects.audit, gate),
    changes: gated(ports.changes, portEffects.changes, gate),
    idempotencyKeys: gated(ports.idempotencyKeys, portEffects.idempotencyKeys, gate),
    events: gated(ports.events, portEffects.events, gate),
    queue: gated(ports.queue, portEffects.queue, gate),
  });
}

function gated<Port extends object>(
  port: Port,
  effects: EffectsOf<Port>,
  gate: () => Promise<unknown>,
  onFailure: (error: unknown) => void = () => undefined,
): Port {
  const effectOf = new Map<PropertyKey, PortEffect>(Object.entries<PortEffect>(effects));
  return new Proxy(port, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      // A method that no table lists can only come from outside the types; assume that it writes.
      const effect = effectOf.get(name) ?? "writes";
      if (typeof method !== "function" || effect === "reads" || effect === "notes") return method;
      return async (...input: unknown[]) => {
        const isQuestion = effect === "writesUnlessDryRun" && input.some(asksOnly);
        if (isQuestion) return await Reflect.apply(method, target, input);
        await gate();
        try {
          return await Reflect.apply(method, target, input);
        } catch (error) {
          onFailure(error);
          throw error;
        }
      };
    },
  });
}

function asksOnly(option: unknown): boolean {
  return typeof option === "object" && option !== null && "dryRun" in option && option.dryRun === true;
}
