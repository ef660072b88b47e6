/** How a namespace goes from one team to another: what the first one loses, and when the other one has it. */
import { handOver } from "../../domain/operation/lifecycle.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import { amendNamespace } from "../amend.ts";
import { steps as definitions, isStepName } from "../process/index.ts";
import { appendDecision } from "../watching/audit.ts";
import type { Origin } from "./origin.ts";

/** Called when the first team has lost what only that one may have. Idempotent. */
export async function handOverNamespace(ports: Pick<Ports, "registry" | "audit">, input: Origin): Promise<void> {
  const { registry } = ports;
  const { operation: id } = input;
  const { record, change } = await amendNamespace(registry, input, (current) =>
    current.operation === id ? handOver(current) : undefined,
  );
  const { team, operation } = change ?? record ?? {};
  if (operation !== id) return;
  await appendDecision(ports, input, { id, what: "takeOver", action: "handedOver", outcome: team ?? "" });
}

/** What an operation has removed, or may have, of the request that it replaces. */
export function removals<S extends Pick<StepRecord, "name" | "status" | "action">>(steps: readonly S[]): readonly S[] {
  return steps.filter(
    ({ name, status, action }) =>
      isStepName(name) && definitions[name].stage === "replace" && (status !== "Succeeded" || action !== "none"),
  );
}
