/** What a pod may be, by itself and in the template of a workload: in the order in which the API server looks (core/validation). */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";
import {
  addressViolations,
  dotlessViolations,
  forbidden,
  labelsViolations,
  oneOf,
  required,
  subdomainViolations,
  unsupported,
} from "./causes.ts";
import { containersViolations, initContainersViolations, seccompViolations, userViolations } from "./containers.ts";
import { affinityViolations, spreadViolations, tolerationViolations } from "./scheduling.ts";
import { volumeNames, volumesViolations } from "./volumes.ts";

export function podSpecViolations(spec: JsonObject, path: string): Cause[] {
  const volumes = volumeNames(listAt(spec, "volumes"));
  const regular = listAt(spec, "containers");
  return [
    ...volumesViolations(listAt(spec, "volumes"), `${path}.volumes`),
    ...containersViolations(regular, `${path}.containers`, volumes),
    ...initContainersViolations(listAt(spec, "initContainers"), `${path}.initContainers`, { volumes, regular }),
    ...hostNetworkViolations(spec, path),
    ...oneOf(`${path}.restartPolicy`, spec["restartPolicy"], ["Always", "OnFailure", "Never"]),
    ...oneOf(`${path}.dnsPolicy`, spec["dnsPolicy"], ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ...labelsViolations(`${path}.nodeSelector`, spec["nodeSelector"]),
    ...contextViolations(spec, path),
    ...affinityViolations(objectAt(spec, "affinity"), `${path}.affinity`),
    ...dnsViolations(spec, `${path}.dnsConfig`),
    ...gateViolations(spec, path),
    ...listAt(spec, "topologySpreadConstraints").flatMap((each, index) =>
      spreadViolations(each, `${path}.topologySpreadConstraints[${index}]`),
    ),
    ...nameViolations(spec, path),
    ...listAt(spec, "tolerations").flatMap((each, index) =>
      tolerationViolations(each, `${path}.tolerations[${index}]`),
    ),
    ...aliasViolations(spec, `${path}.hostAliases`),
    ...classViolations(spec, path),
  ];
}

/** Of a pod by itself, and not of one that is only described. */
export function podViolations({ metadata, spec }: JsonObject): Cause[] {
  const given = isObject(spec) ? spec : {};
  const gates = listAt(given, "schedulingGates");
  const isStored = stringAt(metadata, "resourceVersion") !== undefined;
  return [
    ...podSpecViolations(given, "spec"),
    ...(!isStored && listAt(given, "ephemeralContainers").length > 0
      ? [forbidden("spec.ephemeralContainers", "cannot be set on create")]
      : []),
    ...(!isStored && gates.length > 0 && stringAt(given, "nodeName")
      ? [forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")]
      : []),
  ];
}

/** There, a container has the ports of the host. */
function hostNetworkViolations(spec: JsonObject, path: string): Cause[] {
  if (spec["hostNetwork"] !== true) return [];
  return ["containers", "initContainers"].flatMap((field) =>
    listAt(spec, field).flatMap((container, index) =>
      listAt(container, "ports").flatMap((port, number) => {
        const host = numberAt(port, "hostPort") ?? 0;
        if (host === 0 || host === numberAt(port, "containerPort")) return [];
        const at = `${path}.${field}[${index}].ports[${number}].hostPort`;
        return [invalidValue(at, host, "must match `containerPort` when `hostNetwork` is true")];
      }),
    ),
  );
}

const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const sysctlText =
  "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

function sysctlViolations(sysctl: Json, path: string): Cause[] {
  const name = stringAt(sysctl, "name") ?? "";
  if (name === "") return [required(`${path}.name`)];
  return name.length <= 253 && sysctlName.test(name) ? [] : [invalidValue(`${path}.name`, name, sysctlText)];
}

function contextViolations(spec: JsonObject, path: string): Cause[] {
  const context = objectAt(spec, "securityContext");
  const at = `${path}.securityContext`;
  const groups = listAt(context, "supplementalGroups");
  const isShared = spec["shareProcessNamespace"] === true && spec["hostPID"] === true;
  return [
    ...userViolations(context, ["fsGroup", "runAsUser", "runAsGroup"], at),
    ...groups.flatMap((group, index) =>
      userViolations({ [`supplementalGroups[${index}]`]: group }, [`supplementalGroups[${index}]`], at),
    ),
    ...listAt(context, "sysctls").flatMap((each, index) => sysctlViolations(each, `${at}.sysctls[${index}]`)),
    ...(isShared
      ? [invalidValue(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")]
      : []),
    ...oneOf(`${at}.fsGroupChangePolicy`, context["fsGroupChangePolicy"], ["Always", "OnRootMismatch"]),
    ...seccompViolations(context, at),
  ];
}

function dnsViolations(spec: JsonObject, path: string): Cause[] {
  const config = spec["dnsConfig"];
  const servers = listAt(config, "nameservers");
  if (spec["dnsPolicy"] === "None") {
    if (!isObject(config)) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
    const why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    if (servers.length === 0) return [required(`${path}.nameservers`, why)];
  }
  return [
    ...(servers.length > 3
      ? [invalidValue(`${path}.nameservers`, servers, "must not have more than 3 nameservers")]
      : []),
    ...servers.flatMap((server, index) => addressViolations(`${path}.nameservers[${index}]`, String(server))),
  ];
}

function gateViolations(spec: JsonObject, path: string): Cause[] {
  const qualified = (field: string, name: string) =>
    labelKeyProblems(name).map((problem) => invalidValue(field, name, problem));
  return [
    ...listAt(spec, "readinessGates").flatMap((gate, index) =>
      qualified(`${path}.readinessGates[${index}].conditionType`, stringAt(gate, "conditionType") ?? ""),
    ),
    ...listAt(spec, "schedulingGates").flatMap((gate, index) =>
      qualified(`${path}.schedulingGates[${index}]`, stringAt(gate, "name") ?? ""),
    ),
  ];
}

function nameViolations(spec: JsonObject, path: string): Cause[] {
  const given = (field: string) => stringAt(spec, field) ?? "";
  const [account, node, host, subdomain] = ["serviceAccountName", "nodeName", "hostname", "subdomain"].map(given);
  const seconds = numberAt(spec, "activeDeadlineSeconds");
  return [
    ...(account ? subdomainViolations(`${path}.serviceAccountName`, account) : []),
    ...(node ? subdomainViolations(`${path}.nodeName`, node) : []),
    ...(seconds === undefined || (seconds >= 1 && seconds <= 2_147_483_647)
      ? []
      : [invalidValue(`${path}.activeDeadlineSeconds`, seconds, "must be between 1 and 2147483647, inclusive")]),
    ...(host ? dotlessViolations(`${path}.hostname`, host) : []),
    ...(subdomain ? dotlessViolations(`${path}.subdomain`, subdomain) : []),
  ];
}

function aliasViolations(spec: JsonObject, path: string): Cause[] {
  return listAt(spec, "hostAliases").flatMap((alias, index) => [
    ...addressViolations(`${path}[${index}].ip`, stringAt(alias, "ip") ?? ""),
    ...listAt(alias, "hostnames").flatMap((name, number) =>
      subdomainViolations(`${path}[${index}].hostnames[${number}]`, String(name)),
    ),
  ]);
}

const systems = ["linux", "windows"];

function classViolations(spec: JsonObject, path: string): Cause[] {
  const [priority = "", runtime = ""] = ["priorityClassName", "runtimeClassName"].map((field) => stringAt(spec, field));
  const system = stringAt(spec, "os", "name") ?? "";
  return [
    ...(priority === "" ? [] : subdomainViolations(`${path}.priorityClassName`, priority)),
    ...(runtime === "" ? [] : subdomainViolations(`${path}.runtimeClassName`, runtime)),
    ...oneOf(`${path}.preemptionPolicy`, spec["preemptionPolicy"], ["PreemptLowerPriority", "Never"]),
    ...(isObject(spec["os"]) && system === "" ? [required(`${path}.os.name`)] : []),
    ...(system === "" || systems.includes(system) ? [] : [unsupported(`${path}.os`, system, systems)]),
  ];
}
