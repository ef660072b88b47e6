/** What can be asked of stored objects, and with which options. */
import type { Json } from "azure-sim/json";
import type { Address, FieldValidation } from "./body.ts";
import type { GrantCheck } from "./escalation.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface WriteOptions {
  /** The field manager. */
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: FieldValidation;
  /** The fields that the body has twice. */
  readonly duplicates?: readonly string[];
  readonly subresource?: "status" | "finalize";
  /** Server-side apply, which ignores the version of what is not there. */
  readonly isApplied?: boolean;
  /** Webhooks see what clients write, not what this simulator's controllers write. */
  readonly byClient?: boolean;
  /** Policies see who writes. */
  readonly user?: string | undefined;
  /** Whether the writer may give the rights that a role or a binding gives. */
  readonly requireGrant?: GrantCheck | undefined;
  /** Receives the texts of Warning headers. */
  readonly warn?: (message: string) => void;
}

export interface DeleteOptions {
  readonly byClient?: boolean;
  readonly user?: string | undefined;
  readonly dryRun?: boolean;
  /** What becomes of dependents; without either, the garbage collector deletes them afterwards. */
  readonly orphan?: boolean;
  readonly foreground?: boolean;
  /** How long the containers of a pod may take to end. */
  readonly graceSeconds?: number | undefined;
  readonly preconditions?: { readonly uid: string | undefined; readonly resourceVersion: string | undefined };
}

export interface Objects {
  get(target: Target): KubeObject;
  create(address: Omit<Address, "name">, body: Json, options: WriteOptions): KubeObject;
  replace(target: Target, body: Json, options: WriteOptions): KubeObject;
  patch(target: Target, patch: { mediaType: string; body: Json }, options: WriteOptions): KubeObject;
  /** Server-side apply. */
  apply(target: Target, body: Json, options: WriteOptions & { force: boolean }): { object: KubeObject; isNew: boolean };
  /** Assigns a pod to a node. */
  bind(target: Target, node: string, options: WriteOptions): KubeObject;
  /** Sets the replicas that a scale asks for. */
  scale(target: Target, replicas: number, options: WriteOptions & { resourceVersion?: string | undefined }): KubeObject;
  /** Replaces the finalizers of a namespace's spec, which nothing else can. */
  finalize(target: Target, body: Json, options: WriteOptions): KubeObject;
  /** The object's last state, and whether it is gone or waits for finalizers. */
  remove(target: Target, options?: DeleteOptions): { object: KubeObject; isGone: boolean };
}
