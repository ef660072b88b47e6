import type { OrchestrationContext } from "durable-functions";
import { ensureSqlAdmin } from "../activities/sqlAdmin.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable } from "../durable/step.ts";
import { type OperationInput, stepBase } from "./operation.ts";
import { undoBy } from "./undos.ts";

/** Runs before everything else: nobody can log in to a database whose server has no administrator. Undone last. */
export function* setSqlAdmins(
  context: OrchestrationContext,
  input: OperationInput,
  { admins, onFailure = () => undefined }: { admins: readonly string[]; onFailure?: OnFailure },
): Durable<void> {
  for (const server of admins) {
    const name = `unsetSqlAdmin ${server}`;
    onFailure(name, (again) => undoBy(input, input.operation, { name, again }));
  }
  const base = stepBase(input);
  yield* all(
    context,
    admins.map((server) => ensureSqlAdmin({ ...base, server }, input.retry)),
  );
}
