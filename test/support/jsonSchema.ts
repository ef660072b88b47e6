/**
 * Checks values against JSON Schema 2020-12. A keyword or format that the library does not know is an error, so that no value
 * passes because of a typing error in a schema.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { default as formats } from "ajv-formats";

const compiled = new WeakMap<object, ValidateFunction>();

/** Every way in which the value violates the schema, with its location. */
export function validate(schema: object, value: unknown): readonly string[] {
  const check = compiled.get(schema) ?? newLibrary().compile(schema);
  compiled.set(schema, check);
  return problemsOf(check, value);
}

/** The schemas in a document, which refer to one another; each is found by the names on the way to it. */
export interface SchemaDocument {
  validate(way: readonly string[], value: unknown): readonly string[];
}

export function createSchemaDocument(document: object): SchemaDocument {
  // The document as a whole is a schema without keywords.
  const library = newLibrary().addVocabulary(Object.keys(document)).addSchema(document, "document", false, false);
  return {
    validate(way, value) {
      const pointer = way.map((name) => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1")));
      const check = library.getSchema(`document#/${pointer.join("/")}`);
      if (!check) throw new Error(`the document has no schema at ${way.join(" ")}`);
      return problemsOf(check, value);
    },
  };
}

function newLibrary(): Ajv2020 {
  const library = new Ajv2020({ allErrors: true, strict: true, strictTypes: false });
  formats.default(library);
  return library;
}

function problemsOf(check: ValidateFunction, value: unknown): readonly string[] {
  if (check(value)) return [];
  return (check.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
