/** Storage: claims, volumes, classes. */
import type { Cause } from "../cause.ts";
import { type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { nanos, shown } from "./amountNames.ts";
import { forbidden, oneOf, required, subdomainViolations } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";

const modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

function modesViolations(spec: JsonObject, path = "spec"): Cause[] {
  const given = listAt(spec, "accessModes");
  const isMixed =
    given.includes("ReadWriteOncePod") &&
    given.some((mode) => mode !== "ReadWriteOncePod" && modes.includes(String(mode)));
  return [
    ...given.flatMap((mode) => oneOf(`${path}.accessModes`, mode, modes)),
    ...(isMixed ? [forbidden(`${path}.accessModes`, "may not use ReadWriteOncePod with other access modes")] : []),
  ];
}

function positive(field: string, amount: Json): Cause[] {
  return nanos(amount) > 0n ? [] : [invalidValue(field, shown(amount), "must be greater than zero")];
}

export function claimViolations(object: JsonObject): Cause[] {
  return claimSpecViolations(objectAt(object, "spec"), "spec");
}

/** Also of a claim that a stateful set will make. */
export function claimSpecViolations(spec: JsonObject, path: string): Cause[] {
  const size = objectAt(spec, "resources", "requests")["storage"];
  const name = stringAt(spec, "storageClassName") ?? "";
  const sizePath = `${path}.resources[storage]`;
  return [
    ...(listAt(spec, "accessModes").length === 0
      ? [required(`${path}.accessModes`, "at least 1 access mode is required")]
      : []),
    ...selectorViolations(spec["selector"], `${path}.selector`),
    ...modesViolations(spec, path),
    ...(size === undefined ? [required(sizePath)] : positive(sizePath, size)),
    ...(name === "" ? [] : subdomainViolations(`${path}.storageClassName`, name)),
    ...oneOf(`${path}.volumeMode`, spec["volumeMode"], ["Block", "Filesystem"]),
  ];
}
