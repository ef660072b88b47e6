/** Writes an example that several answers have once, among the components, where the answers refer to it by its name. */
import type { createDocument } from "zod-openapi";

type Document = ReturnType<typeof createDocument>;
type Examples = NonNullable<NonNullable<Document["components"]>["examples"]>;

export function shareExamples(document: Document): Document {
  // A copy through JSON, as what the answers have in common is one object in memory.
  const copy: Document = JSON.parse(JSON.stringify(document));
  const all = examplesIn(copy.paths);
  const uses = Map.groupBy(
    all.flatMap((examples) => Object.entries(examples)),
    ([name, example]) => `${name} ${JSON.stringify(example)}`,
  );
  const shared: Examples = {};
  for (const [[name, example] = ["", {}], ...others] of uses.values()) {
    if (others.length === 0) continue;
    if (name in shared) throw new Error(`two examples that repeat have the name ${name}`);
    shared[name] = example;
  }
  for (const examples of all) {
    for (const [name, example] of Object.entries(examples)) {
      if (JSON.stringify(shared[name]) === JSON.stringify(example)) {
        examples[name] = { $ref: `#/components/examples/${name}` };
      }
    }
  }
  return { ...copy, components: { ...copy.components, examples: shared } };
}

/** Those of every media type; a schema has examples of its own, in a list. */
function examplesIn(at: unknown): readonly Examples[] {
  if (typeof at !== "object" || at === null) return [];
  const { schema, examples } = at as { schema?: object; examples?: Examples };
  const own = schema && examples && !Array.isArray(examples) ? [examples] : [];
  const below = Object.entries(at).flatMap(([name, child]) =>
    name === "schema" || name === "examples" ? [] : examplesIn(child),
  );
  return [...own, ...below];
}
