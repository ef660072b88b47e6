/** Checks server-sent events against the schemas of their data. */
import { z } from "zod";
import { AnyChange, ItemChange, OperationEnd, StepChange } from "../../src/domain/documents/feed.ts";
import { validate } from "./jsonSchema.ts";

const schemas = new Map(
  Object.entries({ operation: AnyChange, step: StepChange, item: ItemChange, end: OperationEnd }).map(
    ([event, schema]) => [event, z.toJSONSchema(schema)],
  ),
);

/** Every way in which an event violates its schema. */
export function checkEvent({ event, data }: { readonly event: string; readonly data: unknown }): readonly string[] {
  const schema = schemas.get(event);
  return schema ? validate(schema, data).map((problem) => `${event}: ${problem}`) : [`no event is named ${event}`];
}
