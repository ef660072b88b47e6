/** YAML about as Go writes it (sigs.k8s.io/yaml): fields by name. */
import type { Json } from "azure-sim/json";
import { stringify } from "yaml";

export const goYaml = (value: Json): string =>
  stringify(value, {
    version: "1.1",
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
