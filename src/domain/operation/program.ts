import type { OperationKind } from "./operation.ts";

/** What an operation does (application/process/programs.ts): its kind, or one of the ways to change or to offboard. */
export type ProgramName =
  | OperationKind
  /** Another team gets the namespace. */
  | "takeOver"
  /** Some access of the namespace has ended. */
  | "endAccess"
  /** All of it has. */
  | "endNamespace";

/** As records and inputs of orchestrations say it. */
export interface ProgramFlags {
  readonly kind: OperationKind;
  readonly takesOver?: boolean | undefined;
  readonly endsFirst?: boolean | undefined;
}

export function programOf({ kind, takesOver = false, endsFirst = false }: ProgramFlags): ProgramName {
  if (takesOver) return "takeOver";
  if (!endsFirst) return kind;
  return kind === "offboard" ? "endNamespace" : "endAccess";
}
