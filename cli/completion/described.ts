/** What a completion script knows about a command. */
import type { Flag, Flags, Operand } from "../arguments/flags.ts";

export interface Described {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly flags: Flags;
}

/** The possible values of the first operand, if they are known. */
export function operandChoices({ operands }: Pick<Described, "operands">): readonly string[] {
  return operands[0]?.choices ?? [];
}

/** Values that only the service or the file of contexts can list (asked.ts). */
export const kinds = ["namespace", "operation", "any", "cluster", "database", "grant", "access", "context"] as const;
export type Kind = (typeof kinds)[number];

const kindOfOperand: Readonly<Record<string, Kind>> = {
  "cluster/namespace": "namespace",
  operation: "operation",
  "operation|cluster/namespace": "any",
  context: "context",
  namespace: "namespace",
  name: "any",
};

/** One kind for all operands: finding out which one is being typed would mean counting words in every shell. */
export function kindOfOperands({ operands }: Pick<Described, "operands">): Kind | undefined {
  return operands.map(({ name }) => kindOfOperand[name]).find((kind) => kind !== undefined);
}

export function takesFile({ operands }: Pick<Described, "operands">): boolean {
  return operands.some(({ name }) => name === "file");
}

export function kindOfFlag(flag: string, { value }: Flag): Kind | undefined {
  if (flag === "target") return "access";
  if (flag === "database") return value === "db=roles" ? "grant" : "database";
  return flag === "cluster" || flag === "context" || flag === "operation" ? flag : undefined;
}
