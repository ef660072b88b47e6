/** What the API server says of pods and templates that it takes all the same (pkg/api/pod/warnings.go). */
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { nanos, shown } from "../validation/amountNames.ts";
import { addressWarnings } from "./addresses.ts";
import { expressionWarnings, labelWarning } from "./nodeLabels.ts";

const annotations: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": `non-functional in v1.16+; use the "priorityClassName" field instead`,
  "security.alpha.kubernetes.io/sysctls": `non-functional in v1.11+; use the "sysctls" field instead`,
  "security.alpha.kubernetes.io/unsafe-sysctls": `non-functional in v1.11+; use the "sysctls" field instead`,
};

const plugins: Readonly<Record<string, string>> = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};

/** `path` ends with a dot, or is empty for a pod by itself. */
export function podWarnings({ metadata, spec: given }: JsonObject, path: string): string[] {
  const spec = objectAt(given);
  const at = `${path}spec`;
  return [
    ...placeWarnings(spec, at),
    ...annotationWarnings(objectAt(metadata, "annotations"), `${path}metadata.annotations`),
    ...listAt(spec, "volumes").flatMap((volume, index) => volumeWarnings(objectAt(volume), `${at}.volumes[${index}]`)),
    ...listAt(spec, "volumes").flatMap((volume) => overlapWarnings(objectAt(volume))),
    ...repeatedWarnings(listAt(spec, "hostAliases"), `${at}.hostAliases`, "ip"),
    ...repeatedWarnings(listAt(spec, "imagePullSecrets"), `${at}.imagePullSecrets`, "name"),
    ...listAt(spec, "imagePullSecrets").flatMap((each, index) =>
      stringAt(each, "name") ? [] : [`${at}.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...containersOf(spec, at).flatMap(([container, where]) => [
      ...fractionWarnings(container, where),
      ...variableWarnings(container, where),
    ]),
    ...portWarnings(containersOf(spec, at)),
    ...((numberAt(spec, "terminationGracePeriodSeconds") ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...["podAffinity", "podAntiAffinity"].flatMap((kind) =>
      termWarnings(objectAt(spec, "affinity", kind), `${at}.affinity.${kind}`),
    ),
    ...listAt(spec, "dnsConfig", "nameservers").flatMap((each, index) =>
      addressWarnings(String(each), `${at}.dnsConfig.nameservers[${index}]`),
    ),
    ...listAt(spec, "hostAliases").flatMap((each, index) =>
      addressWarnings(stringAt(each, "ip") ?? "", `${at}.hostAliases[${index}].ip`),
    ),
  ];
}

type Placed = readonly [container: JsonObject, path: string];

const containersOf = (spec: JsonObject, at: string): Placed[] =>
  ["initContainers", "containers", "ephemeralContainers"].flatMap((field) =>
    listAt(spec, field).map((each, index): Placed => [objectAt(each), `${at}.${field}[${index}]`]),
  );

function placeWarnings(spec: JsonObject, at: string): string[] {
  const nodes = objectAt(spec, "affinity", "nodeAffinity");
  const now = "requiredDuringSchedulingIgnoredDuringExecution";
  const later = "preferredDuringSchedulingIgnoredDuringExecution";
  return [
    ...Object.keys(objectAt(spec, "nodeSelector")).flatMap((key) => labelWarning(key, `${at}.nodeSelector[${key}]: `)),
    ...listAt(nodes, now, "nodeSelectorTerms").flatMap((term, index) =>
      expressionWarnings(term, `${at}.affinity.nodeAffinity.${now}.nodeSelectorTerms[${index}]`, {
        readsValues: false,
      }),
    ),
    ...listAt(nodes, later).flatMap((term, index) => {
      const where = `${at}.affinity.nodeAffinity.${later}[${index}].preference`;
      return expressionWarnings(objectAt(term, "preference"), where, { readsValues: true });
    }),
    ...listAt(spec, "topologySpreadConstraints").flatMap((each, index) => {
      const where = `${at}.topologySpreadConstraints[${index}]`;
      const key = stringAt(each, "topologyKey") ?? "";
      return [
        ...labelWarning(key, `${where}.topologyKey: ${key} is `),
        ...selectorless(each, `${where}.labelSelector`),
      ];
    }),
  ];
}

function termWarnings(affinity: JsonObject, at: string): string[] {
  const now = "requiredDuringSchedulingIgnoredDuringExecution";
  const later = "preferredDuringSchedulingIgnoredDuringExecution";
  return [
    ...listAt(affinity, now).flatMap((term, index) => selectorless(term, `${at}.${now}[${index}].labelSelector`)),
    ...listAt(affinity, later).flatMap((term, index) =>
      selectorless(objectAt(term, "podAffinityTerm"), `${at}.${later}[${index}].podAffinityTerm.labelSelector`),
    ),
  ];
}

const selectorless = (value: Json, path: string) =>
  (objectAt(value)["labelSelector"] ?? null) === null
    ? [`${path}: a null labelSelector results in matching no pod`]
    : [];

function annotationWarnings(given: JsonObject, at: string): string[] {
  return Object.entries(annotations).flatMap(([key, text]) =>
    given[key] === undefined ? [] : [`${at}[${key}]: ${text}`],
  );
}

function volumeWarnings(volume: JsonObject, at: string): string[] {
  return Object.entries(plugins).flatMap(([kind, text]) =>
    volume[kind] === undefined ? [] : [`${at}.${kind}: ${text}`],
  );
}

const sources: readonly (readonly [field: string, named: (source: JsonObject) => string])[] = [
  ["configMap", (source) => `ConfigMap ${JSON.stringify(stringAt(source, "name") ?? "")}`],
  ["secret", (source) => `Secret ${JSON.stringify(stringAt(source, "secretName") ?? "")}`],
  ["downwardAPI", () => "DownwardAPI"],
];

/** Two keys at one path, or one below the other. */
function overlapWarnings(volume: JsonObject): string[] {
  const name = JSON.stringify(stringAt(volume, "name") ?? "");
  return sources.flatMap(([field, named]) => {
    const source = objectAt(volume, field);
    const paths = listAt(source, "items").map((each) => (stringAt(each, "path") ?? "").replace(/\/+$/, ""));
    return paths.flatMap((path, index) =>
      paths
        .slice(0, index)
        .filter((other) => path !== "" && other !== "" && isWithin(path, other))
        .map((other) => {
          const both = `${JSON.stringify(path)} with ${JSON.stringify(other)}`;
          return `volume ${name} (${named(source)}): overlapping paths: ${both}`;
        }),
    );
  });
}

const isWithin = (left: string, right: string) =>
  `${left}/`.startsWith(`${right}/`) || `${right}/`.startsWith(`${left}/`);

function repeatedWarnings(items: readonly Json[], at: string, field: string): string[] {
  const values = items.map((each) => stringAt(each, field) ?? "");
  return values.flatMap((value, index) =>
    values.indexOf(value) < index ? [`${at}[${index}].${field}: duplicate ${field} ${JSON.stringify(value)}`] : [],
  );
}

function fractionWarnings(container: JsonObject, at: string): string[] {
  return ["memory", "ephemeral-storage"].flatMap((name) =>
    ["limits", "requests"].flatMap((field) =>
      fractionWarning(objectAt(container, "resources", field)[name], `${at}.resources.${field}[${name}]`),
    ),
  );
}

/** A part of a byte. */
export function fractionWarning(amount: Json | undefined, field: string): string[] {
  if (nanos(amount) % 10n ** 9n === 0n) return [];
  return [`${field}: fractional byte value ${JSON.stringify(shown(amount))} is invalid, must be an integer`];
}

/** Unless a variable is made of what it hides. */
function variableWarnings(container: JsonObject, at: string): string[] {
  const names = listAt(container, "env").map((each) => stringAt(each, "name") ?? "");
  return listAt(container, "env").flatMap((each, index) => {
    const name = names[index] ?? "";
    const value = stringAt(each, "value") ?? "";
    const reference = `$(${name})`;
    const isBuilt = objectAt(each)["valueFrom"] === undefined && value !== reference && value.includes(reference);
    if (names.indexOf(name) === index || isBuilt) return [];
    const hidden = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`;
    return [`${at}.env[${index}]: ${hidden}`];
  });
}

interface Port {
  readonly at: string;
  readonly key: string;
  readonly name: string;
  readonly hostIP: string;
  readonly hostPort: number;
}

function portWarnings(containers: readonly Placed[]): string[] {
  const ports = containers.flatMap(([container, path]) =>
    listAt(container, "ports").map(
      (each, index): Port => ({
        at: `${path}.ports[${index}]`,
        key: `${numberAt(each, "containerPort") ?? 0}/${stringAt(each, "protocol") ?? "TCP"}`,
        name: stringAt(each, "name") ?? "",
        hostIP: stringAt(each, "hostIP") ?? "",
        hostPort: numberAt(each, "hostPort") ?? 0,
      }),
    ),
  );
  const sameNumber = ports.flatMap((port, index) =>
    ports
      .slice(0, index)
      .filter(({ key }) => key === port.key)
      .flatMap((other) => clash(port, other)),
  );
  const sameName = ports.flatMap((port, index) => {
    const other = port.name === "" ? undefined : ports.slice(0, index).find(({ name }) => name === port.name);
    if (other === undefined) return [];
    const chosen = `services and probes that select ports by name will use ${other.at}`;
    return [`${port.at}: duplicate port name ${JSON.stringify(port.name)} with ${other.at}, ${chosen}`];
  });
  return [...sameNumber, ...sameName];
}

function clash(port: Port, other: Port): string[] {
  if (port.hostIP === other.hostIP && port.hostPort === other.hostPort) {
    return [`${port.at}: duplicate port definition with ${other.at}`];
  }
  if (port.hostPort === 0 || other.hostPort === 0) return [`${port.at}: overlapping port definition with ${other.at}`];
  const isAmbiguous = port.hostPort === other.hostPort && (port.hostIP === "") !== (other.hostIP === "");
  return isAmbiguous ? [`${port.at}: dangerously ambiguous port definition with ${other.at}`] : [];
}
