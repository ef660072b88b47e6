/**
 * Checks values against JSON Schema 2020-12: the keywords that Mooring's documents use, and an error for any other, so that a
 * value never passes because of an unknown keyword.
 */
type Schema = Readonly<Record<string, unknown>>;
interface Place {
  readonly root: Schema;
  readonly path: string;
}

const annotations = new Set([
  "$schema",
  "$id",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "$defs",
]);

type Check = (wanted: unknown, value: unknown, place: Place, schema: Schema) => readonly string[];

const checks: Record<string, Check> = {
  type: (wanted, value, { path }) =>
    [wanted].flat().some((type) => isType(String(type), value)) ? [] : [`${path}: is not ${String(wanted)}`],
  enum: (wanted, value, { path }) =>
    list(wanted).includes(value) ? [] : [`${path}: ${String(value)} is not in the enum`],
  const: (wanted, value, { path }) => (wanted === value ? [] : [`${path}: is not ${String(wanted)}`]),
  pattern: (wanted, value, { path }) =>
    typeof value !== "string" || new RegExp(String(wanted), "u").test(value)
      ? []
      : [`${path}: "${value}" breaks the pattern`],
  // Every format in use comes with a pattern, except the integer widths of numbers.
  format: (wanted, value, { path }, schema) =>
    "pattern" in schema || typeof value !== "string"
      ? []
      : [`${path}: format ${String(wanted)} has no pattern to check`],
  minLength: (wanted, value, { path }) =>
    limit(typeof value !== "string" || value.length >= Number(wanted), path, "too short"),
  maxLength: (wanted, value, { path }) =>
    limit(typeof value !== "string" || value.length <= Number(wanted), path, "too long"),
  minimum: (wanted, value, { path }) => limit(typeof value !== "number" || value >= Number(wanted), path, "too small"),
  maximum: (wanted, value, { path }) => limit(typeof value !== "number" || value <= Number(wanted), path, "too large"),
  minItems: (wanted, value, { path }) =>
    limit(!Array.isArray(value) || value.length >= Number(wanted), path, "too few"),
  maxItems: (wanted, value, { path }) =>
    limit(!Array.isArray(value) || value.length <= Number(wanted), path, "too many"),
  required: (wanted, value, { path }) =>
    isRecord(value)
      ? list(wanted)
          .filter((name) => !(String(name) in value))
          .map((name) => `${path}/${String(name)}: is missing`)
      : [],
  properties: (wanted, value, place) =>
    isRecord(value) && isRecord(wanted)
      ? Object.entries(wanted).flatMap(([name, schema]) =>
          name in value ? validate(schema, value[name], { ...place, path: `${place.path}/${name}` }) : [],
        )
      : [],
  additionalProperties: (wanted, value, place, schema) => {
    if (!isRecord(value)) return [];
    const known = isRecord(schema["properties"]) ? schema["properties"] : {};
    return Object.keys(value)
      .filter((name) => !(name in known))
      .flatMap((name) => validate(wanted, value[name], { ...place, path: `${place.path}/${name}` }));
  },
  propertyNames: (wanted, value, place) =>
    isRecord(value) ? Object.keys(value).flatMap((name) => validate(wanted, name, place)) : [],
  items: (wanted, value, place) =>
    Array.isArray(value)
      ? value.flatMap((item, n) => validate(wanted, item, { ...place, path: `${place.path}/${n}` }))
      : [],
  oneOf: (wanted, value, place) => {
    const found = list(wanted).map((schema) => validate(schema, value, place));
    const fitting = found.filter((errors) => errors.length === 0).length;
    return fitting === 1 ? [] : [`${place.path}: fits ${fitting} branches, not one: ${found.flat().join("; ")}`];
  },
  anyOf: (wanted, value, place) => {
    const found = list(wanted).map((schema) => validate(schema, value, place));
    return found.some((errors) => errors.length === 0)
      ? []
      : [`${place.path}: fits no branch: ${found.flat().join("; ")}`];
  },
  allOf: (wanted, value, place) => list(wanted).flatMap((schema) => validate(schema, value, place)),
  $ref: (wanted, value, place) => validate(resolve(place.root, String(wanted)), value, place),
};

/** Every way in which the value violates the schema, with its location. */
export function validate(schema: unknown, value: unknown, place?: Place): readonly string[] {
  if (schema === true) return [];
  if (schema === false) return [`${place?.path ?? ""}: is not allowed`];
  if (!isRecord(schema)) throw new Error(`no schema: ${JSON.stringify(schema)}`);
  const here = place ?? { root: schema, path: "" };
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (annotations.has(keyword)) return [];
    const check = checks[keyword];
    if (!check) throw new Error(`keyword ${keyword} is not known to this check`);
    return check(wanted, value, here, schema);
  });
}

function resolve(root: Schema, ref: string): unknown {
  return ref
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>(
      (at, name) => (isRecord(at) ? at[name.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined),
      root,
    );
}

function isType(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return isRecord(value);
  return typeof value === type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function limit(isMet: boolean, path: string, what: string): readonly string[] {
  return isMet ? [] : [`${path}: ${what}`];
}
