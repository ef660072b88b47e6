/**
 * Admission webhooks that a test installs, as functions: called for every create, update and delete, including dry runs.
 * kubernetes.io "Dynamic Admission Control": a dry run calls only webhooks that declare no side effects, or none on dry
 * run; it fails if any other webhook would be called.
 */
import type { JsonObject } from "azure-sim/json";
import { ApiFailure, badRequest } from "./failures.ts";
import type { Resource } from "./resource.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: Pick<Resource, "group" | "version" | "kind" | "plural">;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** The object as it would be stored; for a deletion, the existing one. */
  readonly object: JsonObject;
  /** The existing one; null for a creation. */
  readonly oldObject?: JsonObject | null;
  readonly dryRun: boolean;
}

export interface AdmissionWebhook {
  readonly name: string;
  readonly sideEffects: "None" | "NoneOnDryRun" | "Some";
  /** Changes the object. Not called for deletions. */
  readonly mutate?: (request: AdmissionRequest) => JsonObject;
  /** How long it takes to answer. */
  readonly delayMs?: (request: Pick<AdmissionRequest, "namespace">) => number;
  /** Why the request is denied; undefined lets it pass. */
  readonly deny?: (request: AdmissionRequest) => string | undefined;
  /** The status of a denial: 403, as of controller-runtime and Gatekeeper, unless it says another. */
  readonly code?: number;
}

/** Those that an operator has also installed. */
export interface Webhooks {
  /** Settles when the API server asks it. */
  install(webhook: AdmissionWebhook): Promise<void>;
  /** Removes all that were installed. */
  clear(): Promise<void>;
}

export interface Admission {
  mutate(request: AdmissionRequest): JsonObject;
  /** Throws when a webhook denies the request. */
  validate(request: AdmissionRequest): void;
}

export function createWebhookAdmission(webhooks: readonly AdmissionWebhook[]): Admission {
  return {
    mutate: (request) =>
      webhooks.reduce((object, webhook) => {
        if (!webhook.mutate) return object;
        expectDryRunnable(webhook, request);
        return webhook.mutate({ ...request, object });
      }, request.object),
    validate(request) {
      for (const webhook of webhooks) {
        if (!webhook.deny) continue;
        expectDryRunnable(webhook, request);
        const why = webhook.deny(request);
        if (why === undefined) continue;
        const { name, code = 403 } = webhook;
        const message = `admission webhook "${name}" denied the request: ${why}`;
        throw new ApiFailure(code, code === 403 ? "Forbidden" : "", message);
      }
    },
  };
}

function expectDryRunnable({ name, sideEffects }: AdmissionWebhook, { dryRun }: AdmissionRequest) {
  if (dryRun && sideEffects === "Some") throw badRequest(`admission webhook "${name}" does not support dry run`);
}
