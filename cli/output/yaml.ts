import { Document, visit } from "yaml";
import { isRisky, withCodes } from "./printable.ts";

/**
 * A YAML document that a terminal can show as it is: what it would execute is escaped in a quoted text, which means the same. Long
 * texts stay on one line, so that grep finds them; no anchors, which many YAML parsers do not support.
 */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === "string" && isRisky(scalar.value.replaceAll("\n", ""))) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return withCodes(document.toString({ lineWidth: 0 }));
}
