/** Query parameters whose values a schema checks: filters, formats, parts of a long answer. */
import type { HttpRequest } from "@azure/functions";
import { z } from "zod";
import { parsePlainly } from "../../domain/parsePlainly.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Parameter } from "../declaration.ts";
import { problem } from "../docs/answers.ts";

/** All of them, as one object. */
export function queryOf<S extends z.ZodObject>(schema: S): Parameter<z.output<S>> {
  return {
    query: schema.shape,
    answers: { 422: problem("A parameter is wrong.", "INVALID_REQUEST") },
    read: (request) => readQuery(request, schema),
  };
}

/** A number comes as its digits; everything else is the text that was sent. */
export function readQuery<S extends z.ZodObject>({ query }: Pick<HttpRequest, "query">, schema: S): z.output<S> {
  for (const name of Object.keys(schema.shape)) {
    if (query.getAll(name).length < 2) continue;
    const errors = [{ pointer: `?${name}`, detail: "must appear only once" }];
    throw new Refusal("INVALID_PARAMETER", `Query parameter ${name} must appear only once.`, { errors });
  }
  const given = Object.entries(schema.shape).flatMap(([name, field]) => {
    const value = query.get(name);
    return value === null ? [] : [[name, isNumber(field) && /^-?\d+$/.test(value) ? Number(value) : value] as const];
  });
  const sent = Object.fromEntries(given);
  const parsed = parsePlainly(schema, sent);
  if (!("issues" in parsed)) return parsed.data as z.output<S>;
  const errors = parsed.issues.map(({ path, message }) => ({ pointer: `?${String(path[0])}`, detail: message }));
  const problems = errors.map(({ pointer, detail }) => {
    const name = pointer.slice(1);
    return `Query parameter ${name} is "${sent[name]}"; it ${detail}.`;
  });
  throw new Refusal("INVALID_REQUEST", problems.join(" "), { errors });
}

function isNumber(field: z.core.$ZodType): boolean {
  return field instanceof z.ZodOptional ? isNumber(field.unwrap()) : field instanceof z.ZodNumber;
}
