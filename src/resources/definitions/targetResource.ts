import type { TargetKindName } from "../../domain/targets/index.ts";
import { lostOn, replacedIn, type Wanted, wantedIn } from "../../domain/targets/wanted.ts";
import type { OperationFacts } from "./operationFacts.ts";
import type { Resource } from "./resource.ts";
import type { AnyStep } from "./step.ts";

type KeyedStep = AnyStep<Extract<keyof Resource["steps"], string>>;

/** The four steps on a target of one kind; domain/targets/target.ts says what each is for. */
export interface TargetSteps {
  readonly grant: KeyedStep;
  readonly narrow: KeyedStep;
  readonly retire: KeyedStep;
  readonly revoke: KeyedStep;
}

/** What the identity may do on targets of one kind: the kind's steps, once for each target. */
export function onEachTarget(
  kindName: TargetKindName,
  { grant, narrow, retire, revoke }: TargetSteps,
): Pick<Resource, "making" | "leaving" | "ensure" | "remove"> & Required<Pick<Resource, "replace">> {
  const keysOf = (wanted: readonly Wanted[]) => wanted.flatMap(({ kind, key }) => (kind === kindName ? [key] : []));
  const forEach = (step: KeyedStep, operation: OperationFacts, targets: readonly string[]) =>
    targets.map((target) => step.keyFor(operation, target));
  return {
    making: "connect",
    leaving: "rights",
    ensure: (operation) => forEach(grant, operation, keysOf(wantedIn(operation.request))),
    remove: (operation) => forEach(revoke, operation, keysOf(wantedIn(operation.request))),
    replace(operation) {
      const { request, earlier, program, moved = [] } = operation;
      if (!earlier) return [];
      const left = replacedIn(request, earlier);
      const [narrowed, removed] = [keysOf(left.narrowed), keysOf(left.removed)];
      // What the namespace may keep, such as a role that a larger one includes, does not matter at an end.
      const isLess = (target: string) => lostOn(request, earlier, target).length > 0;
      // Nor does it give anything where the catalog has moved a target.
      const also = moved.filter((target) => keysOf(wantedIn(request)).includes(target));
      const toNarrow = program === "endAccess" ? narrowed.filter(isLess) : [...new Set([...narrowed, ...also])];
      return [...forEach(narrow, operation, toNarrow), ...forEach(retire, operation, removed)];
    },
  };
}
