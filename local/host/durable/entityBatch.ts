/** Runs operations of one entity in the app, in the form of the entityTrigger binding. */
import type { FunctionApp } from "../app.ts";
import { messageOf } from "../messageOf.ts";
import type { DurableFunctions } from "./functions.ts";
import { parseEntityId } from "./ids.ts";
import { isRecord } from "./json.ts";
import type { EntityMessage, EntityRow } from "./records.ts";

export interface BatchAnswer {
  readonly exists: boolean;
  /** JSON text. */
  readonly state: string | null;
  /** As the caller's SDK reads them: one for each operation of the batch. */
  readonly results: readonly { readonly result: string | null; readonly exceptionType?: string }[];
  readonly signals: readonly {
    readonly name: string;
    readonly key: string;
    readonly operation: string;
    readonly input: string | null;
  }[];
}

export async function runEntityBatch(
  { app, functions }: { readonly app: FunctionApp; readonly functions: DurableFunctions },
  row: EntityRow,
  batch: readonly EntityMessage[],
): Promise<BatchAnswer> {
  const self = parseEntityId(row.id);
  const operations = batch.flatMap(({ request }) => (request.kind === "operation" ? [request] : []));
  const payload = {
    self,
    exists: row.exists,
    state: row.state,
    batch: operations.map(({ name, input, caller }) => ({ name, input, isSignal: caller === null })),
  };
  try {
    const definition = functions.find("entity", self.name);
    if (definition === undefined) throw new Error(functions.explainUnknown("entity", self.name));
    const { result } = await app.invoke(definition.name, {
      trigger: { string: JSON.stringify(payload) },
      instanceId: row.id,
    });
    return readAnswer(result);
  } catch (error) {
    // The function itself failed, not an operation in it: every caller gets the failure, and the state stays.
    const failure = { result: JSON.stringify(messageOf(error)), exceptionType: "Error" };
    return { exists: row.exists, state: row.state, results: operations.map(() => failure), signals: [] };
  }
}

function readAnswer(answer: unknown): BatchAnswer {
  if (!isRecord(answer)) throw new Error("The function did not answer as an entity. Register it with df.app.entity.");
  const { entityExists, entityState, results, signals } = answer;
  return {
    exists: entityExists === true,
    state: entityExists === true && typeof entityState === "string" ? entityState : null,
    results: (Array.isArray(results) ? results : []).map((entry: unknown) => {
      const result = isRecord(entry) && typeof entry["result"] === "string" ? entry["result"] : null;
      // An Error has no JSON of its own ("{}"), so its text is lost here, in Azure as well.
      return isRecord(entry) && entry["isError"] === true ? { result, exceptionType: "Error" } : { result };
    }),
    signals: (Array.isArray(signals) ? signals : []).flatMap((signal: unknown) => {
      if (!isRecord(signal) || !isRecord(signal["target"])) return [];
      return [
        {
          name: String(signal["target"]["name"]),
          key: String(signal["target"]["key"]),
          operation: String(signal["name"]),
          input: typeof signal["input"] === "string" && signal["input"] !== "" ? signal["input"] : null,
        },
      ];
    }),
  };
}
