/** A pattern of a schema, which Go reads, as JavaScript writes it. Go takes a class of one letter without braces: `\PC`. */
export function readPattern(pattern: string): RegExp {
  const written = pattern.replace(/\\(?:([pP])([A-Z])|.)/gs, (all, kind?: string, name?: string) =>
    kind === undefined ? all : `\\${kind}{${name}}`,
  );
  return new RegExp(written, "u");
}
