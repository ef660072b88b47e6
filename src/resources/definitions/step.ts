/**
 * A step: one action on one thing, written once. Plans, preflight, orchestrations, status, estimates, undos and resumption all read
 * the same definition. src/application/steps runs, records and reports it.
 */
import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import type { TransientError } from "../../domain/errors.ts";
import { type IdentityUser, identityName, namespaceKey } from "../../domain/naming/names.ts";
import type { Range } from "../../domain/operation/estimate.ts";
import { type OperationError, StepAction } from "../../domain/operation/operation.ts";
import type { Difference, Plan, StepPlan } from "../../domain/operation/plan.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import { Time } from "../../domain/time.ts";
import { type Invocation, Retrial } from "../../durable/activity.ts";
import { RetryPolicy } from "../../durable/retry.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { OperationFacts } from "./operationFacts.ts";
import type { Need } from "./sharedLimit.ts";

/** The input that all steps share. */
export const StepInput = z.object({
  operation: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  /** For a guest: the namespace whose identity it uses. Since 0.2.0. */
  sharedIdentity: z.string().optional(),
  retry: RetryPolicy,
  retrial: Retrial.optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  /** W3C trace context of the request. */
  traceparent: z.string().optional(),
  /** For an undo: remove only what this operation created. Absent in an offboarding, which removes all that is Mooring's. */
  createdBy: z.string().optional(),
  /**
   * For an undo: how often the operation had been resumed when the run began that scheduled it. Since 0.2.0; absent where 0.1.0 began
   * the operation.
   */
  restarts: z.number().optional(),
  /** In an offboarding: the step may ask to look again. Absent in those that 0.1.0 began, which look once. */
  looksAgain: z.boolean().optional(),
});
export type StepInput = z.infer<typeof StepInput>;

export function isUndo<I extends Pick<StepInput, "createdBy">>(input: I): input is I & { readonly createdBy: string } {
  return input.createdBy !== undefined;
}

export const StepResult = z.object({
  action: StepAction,
  /** RFC 3339: the step is not done and looks again at this time. Its notices say what it waits for. */
  waitsUntil: Time.optional(),
  /** It did not find what the records say was made (missed.ts). Since 0.2.0. */
  isMissed: z.boolean().optional(),
});
export type StepResult = z.infer<typeof StepResult>;

/** The part of its input that a look has: it neither retries nor reports. */
export type Looking = Pick<
  StepInput,
  "operation" | "cluster" | "namespace" | "sharedIdentity" | "createdBy" | "looksAgain"
>;

/** What a look may know beside the step's input: what else the same plan is about. */
export interface Planning extends OperationFacts {
  readonly step: StepKey;
  /** All steps of the plan. */
  readonly beside?: readonly StepKey[] | undefined;
  /** The operation has begun: what a step asks right before it writes is left to it. */
  readonly hasBegun?: boolean | undefined;
  /** The look at the identity, which precedes all others. */
  readonly identityLook?:
    | Promise<{ readonly plan: StepPlan; readonly current: ManagedIdentity | undefined }>
    | undefined;
  /** For a dry run: the team that asks. */
  readonly team?: string | undefined;
  /** For a plan that an operator asks for: the identity that no record knew, and that it may use. */
  readonly operator?: { readonly adoptIdentity: string | undefined } | undefined;
  /** The request may take the namespace over from its current owner. */
  readonly takeOver?: boolean | undefined;
  /** For a batch: called with what the operation adds where others of the batch share a limit. */
  readonly onNeed?: ((need: Need) => void) | undefined;
  /** Whether Mooring gave the identity this role in Azure. */
  readonly gaveRole?: ((role: RoleAssignment) => boolean) | undefined;
}

export interface StepContext {
  readonly invocation: Invocation;
  /**
   * Records what the step is about to do, before it does it. An attempt after a crash finds the change made and nothing left to
   * do, but must still report and audit what was done. Pass `isMarked` if the change itself carries this operation's mark: the
   * next attempt recognizes the change by its mark, which saves a write.
   */
  willDo(action: StepAction, differences?: readonly Difference[], options?: { isMarked?: boolean }): Promise<void>;
  /** What an earlier attempt recorded; undefined in the first. */
  earlier(): Promise<StepRecord | undefined>;
  /** Reports what the step could not check and what does not stop it. */
  notice(notices: readonly OperationError[]): Promise<void>;
  /** Whether no other try follows soon if the step fails with this error: an undo goes on for longer. */
  isLastTry(error: TransientError): Promise<boolean>;
  /** Before the step says what others act on: fails, and the step looks again, if another step's look has answered for this one. */
  expectAfresh(): Promise<void>;
  /** The point of no return: from here on the operation cannot be canceled. Throws if it was canceled before. */
  commit(): Promise<void>;
  /** What the steps of the operation find now and would do. It has begun with that: the first step asks, and records it. */
  plan(operation: OperationFacts): Promise<Plan>;
}

/** Steps that begin at the same time are of one stage and are undone together; a step without a stage runs alone. */
export type Stage = "look" | "prepare" | "connect" | "disconnect" | "replace";

/**
 * `G` is what the operation gives the step, beside what all steps share. Methods, not functions: any step is an `AnyStep`, whose input
 * only its own `from` makes, or its own schema reads.
 */
export interface StepDefinition<G extends object, O extends StepResult, Name extends StepName = StepName> {
  readonly name: Name;
  readonly stage?: Stage | undefined;
  /** Seconds; the default until there are measurements. */
  readonly duration?: Range | undefined;
  /** It writes an identity or a credential; Azure limits these writes per second. */
  readonly writesIdentity?: true | undefined;
  /** It may wait for the verification Job. */
  readonly waitsForJob?: true | undefined;
  /** The proof of the whole operation: what its looks were told a moment ago may serve (docs/adr/0033-asked-once.md). */
  readonly provesAll?: true | undefined;
  /** It looks where nothing should be: the index may say that there is nothing (docs/adr/0035-index-of-elsewhere.md). */
  readonly looksElsewhere?: true | undefined;
  /** The undos of what it writes; `ofChange` restores what a change overwrote. */
  readonly undo?: { readonly by: StepName; readonly ofChange?: StepName } | undefined;
  /** A target that the step shares with nothing else of its name, or one of its own. */
  readonly hasOwnTarget: boolean;
  keyFor(operation: OperationFacts, target?: string): StepKey<Name>;
  readonly input: z.ZodType<StepInput & G>;
  readonly output: z.ZodType<O>;
  /**
   * Makes the input of the operation, and of the target if it is the step's own. Pure, because orchestrations are replayed: no
   * clock, no randomness, nothing asynchronous.
   */
  from(operation: OperationFacts, target: string): G;
  target(input: IdentityUser & G): string;
  /** What the step finds and would do, before it writes. Absent where that says nothing: a proof, or a look itself. */
  look?(ports: Ports, input: Looking & G, planning: Planning): Promise<StepPlan>;
  run(input: StepInput & G, ports: Ports, step: StepContext): Promise<NoInfer<O>>;
  /** What it reports where the catalog has dropped its place; undefined if it then fails, as every undo does (leftCatalog.ts). */
  whenDropped?(input: G): NoInfer<O> | undefined;
  /** Which things of the record its notice then names. */
  isAbout?(thing: string): boolean;
}

export type AnyStep<Name extends StepName = StepName> = StepDefinition<object, StepResult, Name>;

/** What the operation gives a step, by its schema. */
export type Given<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>>;

type Described<Shape extends z.ZodRawShape, O extends StepResult, Name extends StepName> = Omit<
  StepDefinition<Given<Shape>, O, Name>,
  "input" | "output" | "target" | "hasOwnTarget" | "keyFor"
> & {
  /** The schema of what the operation gives the step. */
  readonly given: Shape;
  /** For a step that reports more than what it did. */
  readonly output?: z.ZodType<O>;
  /** What it acts on. A target of the request has a key of its own, as does a service account that was replaced. */
  readonly target: "namespace" | "identity" | ((input: IdentityUser & Given<Shape>) => string);
};

const sharedTargets = { namespace: namespaceKey, identity: identityName };

export function defineStep<
  const Name extends StepName,
  Shape extends z.ZodRawShape,
  O extends StepResult = StepResult,
>({
  given,
  target,
  // Without a schema of its own, O is StepResult.
  output = StepResult as z.ZodType as z.ZodType<O>,
  ...step
}: Described<Shape, O, Name>): StepDefinition<Given<Shape>, O, Name> {
  const shared = typeof target === "function" ? undefined : sharedTargets[target];
  const targetOf = typeof target === "function" ? target : sharedTargets[target];
  return {
    ...step,
    input: z.intersection(StepInput, z.object(given)),
    output,
    target: targetOf,
    hasOwnTarget: shared === undefined,
    keyFor(operation, own) {
      const user = userOf(operation.request);
      const key = shared ? shared(user) : (own ?? targetOf({ ...user, ...step.from(operation, "") }));
      return { name: step.name, target: key };
    },
  };
}

/** Of a request: its namespace, and whose identity it has. */
export function userOf({ cluster, namespace, sharedIdentity }: IdentityUser): IdentityUser {
  return { cluster, namespace, ...defined({ sharedIdentity }) };
}

/** The input of a step: what all steps share, and what it makes of the operation. */
export function inputOf<G extends object, O extends StepResult>(
  { from }: Pick<StepDefinition<G, O>, "from">,
  base: StepInput,
  { operation, target = "" }: { readonly operation: OperationFacts; readonly target?: string | undefined },
): StepInput & G {
  return { ...base, ...from(operation, target) };
}
