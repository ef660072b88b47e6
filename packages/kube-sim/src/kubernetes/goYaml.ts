/** YAML about as Go writes it (sigs.k8s.io/yaml): fields by name. */
import { stringify } from "yaml";
import type { Json } from "./json.ts";

export const goYaml = (value: Json): string =>
  stringify(value, {
    version: "1.1",
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
