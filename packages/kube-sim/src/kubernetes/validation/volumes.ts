/** The volumes of a pod. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { duplicate, forbidden, labelViolations, oneOf, required } from "./causes.ts";

type Check = (source: JsonObject, path: string) => Cause[];

const needs =
  (...fields: string[]): Check =>
  (source, path) =>
    fields.filter((field) => !stringAt(source, field)).map((field) => required(`${path}.${field}`));

const modeText = "must be a number between 0 and 0777 (octal), both inclusive";

function modeViolations(source: Json, field: string, path: string): Cause[] {
  const mode = numberAt(source, field);
  return mode === undefined || (mode >= 0 && mode <= 0o777) ? [] : [invalidValue(`${path}.${field}`, mode, modeText)];
}

export function backstepViolations(field: string, path: string): Cause[] {
  return path.split("/").includes("..") ? [invalidValue(field, path, "must not contain '..'")] : [];
}

function localViolations(field: string, path: string): Cause[] {
  return [
    ...(path.startsWith("/") ? [invalidValue(field, path, "must be a relative path")] : []),
    ...backstepViolations(field, path),
    ...(path.startsWith("..") && !path.split("/").includes("..")
      ? [invalidValue(field, path, "must not start with '..'")]
      : []),
  ];
}

function itemViolations(item: Json, path: string): Cause[] {
  return [
    ...(stringAt(item, "key") ? [] : [required(`${path}.key`)]),
    ...(stringAt(item, "path") ? [] : [required(`${path}.path`)]),
    ...localViolations(`${path}.path`, stringAt(item, "path") ?? ""),
    ...modeViolations(item, "mode", path),
  ];
}

/** Of files that are written from keys. */
const keyed =
  (name: string): Check =>
  (source, path) => [
    ...needs(name)(source, path),
    ...modeViolations(source, "defaultMode", path),
    ...listAt(source, "items").flatMap((item, index) => itemViolations(item, `${path}.items[${index}]`)),
  ];

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** In the order in which the API server looks for them. */
const sources: Readonly<Record<string, Check>> = {
  emptyDir: () => [],
  hostPath: (source, path) => [
    ...needs("path")(source, path),
    ...backstepViolations(`${path}.path`, stringAt(source, "path") ?? ""),
    ...oneOf(`${path}.type`, source["type"], hostPathTypes),
  ],
  gitRepo: needs("repository"),
  gcePersistentDisk: needs("pdName"),
  awsElasticBlockStore: needs("volumeID"),
  secret: keyed("secretName"),
  nfs: (source, path) => [
    ...needs("server", "path")(source, path),
    ...((stringAt(source, "path") ?? "/").startsWith("/")
      ? []
      : [invalidValue(`${path}.path`, source["path"] ?? "", "must be an absolute path")]),
  ],
  iscsi: needs("targetPortal", "iqn"),
  glusterfs: needs("endpoints", "path"),
  flexVolume: needs("driver"),
  configMap: keyed("name"),
  rbd: needs("image"),
  persistentVolumeClaim: needs("claimName"),
  cephfs: () => [],
  downwardAPI: (source, path) => modeViolations(source, "defaultMode", path),
  fc: () => [],
  azureFile: needs("secretName", "shareName"),
  vsphereVolume: needs("volumePath"),
  azureDisk: needs("diskName", "diskURI"),
  projected: (source, path) => modeViolations(source, "defaultMode", path),
  csi: needs("driver"),
  ephemeral: (source, path) =>
    isObject(source["volumeClaimTemplate"]) ? [] : [required(`${path}.volumeClaimTemplate`)],
  image: (source, path) => (stringAt(source, "reference") ? [] : [required(`${path}.reference`)]),
};

export function volumesViolations(volumes: readonly Json[], path: string): Cause[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const name = stringAt(volume, "name") ?? "";
    const causes = [
      ...sourceViolations(objectAt(volume), at),
      ...(name === "" ? [required(`${at}.name`)] : labelViolations(`${at}.name`, name)),
      ...(names.has(name) ? [duplicate(`${at}.name`, name)] : []),
    ];
    // One that is wrong is not there for the others.
    if (causes.length === 0) names.add(name);
    return causes;
  });
}

/** The names of volumes that can be mounted. */
export function volumeNames(volumes: readonly Json[]): ReadonlySet<string> {
  const fine = volumes.filter((volume) => sourceViolations(objectAt(volume), "").length === 0);
  return new Set(fine.map((volume) => stringAt(volume, "name") ?? ""));
}

/** Just one source; also of a PersistentVolume. */
export function sourceViolations(volume: JsonObject, path: string): Cause[] {
  const given = Object.keys(sources).filter((name) => isObject(volume[name]));
  if (given.length === 0) return [required(path, "must specify a volume type")];
  return given.flatMap((name, index) =>
    index === 0
      ? (sources[name]?.(objectAt(volume, name), `${path}.${name}`) ?? [])
      : [forbidden(`${path}.${name}`, "may not specify more than 1 volume type")],
  );
}
