/**
 * Pod Security admission: the levels `baseline` and `restricted` of a namespace's labels (kubernetes.io "Pod Security Standards"). A
 * pod is refused, a workload with such a template is warned of, and so is a namespace that has such pods already.
 */
import type { Cause } from "./cause.ts";
import { forbidden, invalid } from "./failures.ts";
import {
  at,
  equal,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  stringsAt,
} from "./json.ts";
import { invalidValue } from "./metadataRules.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

interface Written {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly subresource: string | undefined;
  readonly warn: ((message: string) => void) | undefined;
}

export type PodSecurity = (written: Written) => void;

const levels = ["privileged", "baseline", "restricted"] as const;
type Level = (typeof levels)[number];
const prefix = "pod-security.kubernetes.io/";

interface Policy {
  readonly level: Level;
  readonly version: string;
}

export function createPodSecurity({ store, resources }: { store: Store; resources: Resources }): PodSecurity {
  function policyOf(namespace: string, mode: string): Policy {
    const namespaces = resources.ofKind("v1", "Namespace");
    const found = namespaces && store.get(namespaces, undefined, namespace);
    return policyIn(stringsAt(found, "metadata", "labels"), mode);
  }

  function warnOfPods(namespace: string, policy: Policy, warn: (message: string) => void): void {
    const pods = resources.ofKind("v1", "Pod");
    if (pods === undefined) return;
    const problems = store.list(pods, namespace).flatMap((pod) => {
      const reasons = violations(objectAt(pod, "spec"), policy.level).map(({ reason }) => reason);
      return reasons.length === 0 ? [] : [{ name: pod.metadata.name, text: reasons.join(", ") }];
    });
    if (problems.length === 0) return;
    const what = `the new PodSecurity enforce level ${JSON.stringify(printed(policy))}`;
    warn(`existing pods in namespace ${JSON.stringify(namespace)} violate ${what}`);
    for (const text of new Set(problems.map((each) => each.text))) {
      const [first, ...others] = problems.filter((each) => each.text === text).map(({ name }) => name);
      const more = others.length === 0 ? "" : ` (and ${others.length} other pod${others.length === 1 ? "" : "s"})`;
      warn(`${first}${more}: ${text}`);
    }
  }

  return ({ operation, resource, namespace, name, object, oldObject, subresource, warn }) => {
    if (object === null || subresource !== undefined || resource.isCustom) return;
    if (resource.kind === "Namespace") {
      requireLabels(resource, name ?? "", object, oldObject);
      const policy = policyIn(stringsAt(object, "metadata", "labels"), "enforce");
      const isNew = !equal(
        { ...policy },
        { ...policyIn(stringsAt(oldObject ?? undefined, "metadata", "labels"), "enforce") },
      );
      if (operation === "UPDATE" && isNew && warn) warnOfPods(name ?? "", policy, warn);
      return;
    }
    if (namespace === undefined) return;
    if (resource.kind === "Pod") {
      if (operation !== "CREATE") return;
      const policy = policyOf(namespace, "enforce");
      const found = violations(objectAt(object, "spec"), policy.level);
      if (found.length > 0) throw forbidden(resource, name, `violates PodSecurity ${shown(policy, found)}`);
    }
    const template = resource.kind === "Pod" ? objectAt(object, "spec") : templateOf(resource, object);
    const before = oldObject === null ? undefined : templateOf(resource, oldObject);
    if (template === undefined || equal(template, before)) return;
    const policy = policyOf(namespace, "warn");
    const found = violations(template, policy.level);
    if (found.length > 0) warn?.(`would violate PodSecurity ${shown(policy, found)}`);
  };
}

function policyIn(labels: Readonly<Record<string, string>>, mode: string): Policy {
  const level = levels.find((each) => each === labels[`${prefix}${mode}`]) ?? "privileged";
  return { level, version: labels[`${prefix}${mode}-version`] ?? "latest" };
}

const printed = ({ level, version }: Policy) => `${level}:${version}`;

function requireLabels(resource: Resource, name: string, object: JsonObject, oldObject: JsonObject | null): void {
  const [labels, before] = [object, oldObject ?? undefined].map((each) => stringsAt(each, "metadata", "labels"));
  const causes = ["enforce", "audit", "warn"].flatMap((mode): Cause[] => {
    const [level, version] = [`${prefix}${mode}`, `${prefix}${mode}-version`].map((key) => ({
      key,
      value: labels?.[key],
    }));
    const isWrong = (label: typeof level, isRight: (value: string) => boolean) =>
      label?.value !== undefined && label.value !== before?.[label.key] && !isRight(label.value);
    const field = (key: string) => `metadata.labels[${key}]`;
    return [
      ...(level && isWrong(level, (value) => levels.some((each) => each === value))
        ? [invalidValue(field(level.key), level.value ?? "", `must be one of ${levels.join(", ")}`)]
        : []),
      ...(version && isWrong(version, (value) => /^(latest|v1\.\d+)$/.test(value))
        ? [invalidValue(field(version.key), version.value ?? "", 'must be "latest" or "v1.x"')]
        : []),
    ];
  });
  if (causes.length > 0) throw invalid(resource, name, causes);
}

/** The pods that a workload makes. */
function templateOf({ kind }: Resource, object: JsonObject): JsonObject | undefined {
  const path = kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template", "spec"] : ["spec", "template", "spec"];
  const found = ["ReplicaSet", "Deployment", "Job", "CronJob"].includes(kind) ? at(object, ...path) : undefined;
  return isObject(found) ? found : undefined;
}

interface Violation {
  readonly reason: string;
  readonly detail: string;
}

function shown(policy: Policy, found: readonly Violation[]): string {
  return `${JSON.stringify(printed(policy))}: ${found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ")}`;
}

function violations(spec: JsonObject, level: Level): Violation[] {
  if (level === "privileged") return [];
  const isRestricted = level === "restricted";
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((field) =>
    listAt(spec, field).filter(isObject),
  );
  const pod: Pod = { spec, context: objectAt(spec, "securityContext"), containers };
  const checks = isRestricted ? [...ofBoth, ...restricted] : baseline;
  return checks.flatMap((check) => check(pod) ?? []);
}

interface Pod {
  readonly spec: JsonObject;
  readonly context: JsonObject;
  readonly containers: readonly JsonObject[];
}

type Check = (pod: Pod) => Violation | undefined;

const contextOf = (container: JsonObject) => objectAt(container, "securityContext");
const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");
const plural = (one: string, many: string, count: number) => (count === 1 ? one : many);

/** `container "a" must …`; undefined where it is about none. */
function about(
  containers: readonly JsonObject[],
  isBad: (container: JsonObject) => boolean,
  { reason, detail }: { reason: string; detail: string },
): Violation | undefined {
  const names = containers.filter(isBad).map((container) => stringAt(container, "name") ?? "");
  if (names.length === 0) return undefined;
  return { reason, detail: `${plural("container", "containers", names.length)} ${quoted(names)} ${detail}` };
}

/** The details of one reason; undefined where there are none. */
function because(reason: string, details: readonly (string | undefined)[], between = ", "): Violation | undefined {
  const given = details.filter((each) => each !== undefined);
  return given.length === 0 ? undefined : { reason, detail: given.join(between) };
}

const hostNamespaces: Check = ({ spec }) => {
  const used = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true);
  return because(
    "host namespaces",
    used.map((field) => `${field}=true`),
  );
};

const hostPortsOf = (container: JsonObject) =>
  listAt(container, "ports").flatMap((port) => numberAt(port, "hostPort") || []);

const hostPorts: Check = ({ containers }) => {
  const used = containers.filter((container) => hostPortsOf(container).length > 0);
  const ports = [...new Set(used.flatMap(hostPortsOf))].toSorted((left, right) => left - right);
  const what = `${plural("hostPort", "hostPorts", ports.length)} ${ports.join(", ")}`;
  return about(used, () => true, { reason: "hostPort", detail: `${plural("uses", "use", used.length)} ${what}` });
};

const privileged: Check = ({ containers }) =>
  about(containers, (each) => contextOf(each)["privileged"] === true, {
    ...{ reason: "privileged", detail: "must not set securityContext.privileged=true" },
  });

const procMount: Check = ({ containers }) =>
  about(containers, (each) => (stringAt(contextOf(each), "procMount") ?? "Default") !== "Default", {
    ...{ reason: "procMount", detail: 'must not set securityContext.procMount to "Unmasked"' },
  });

/** What containers have anyway, as most runtimes give it. */
const usual: readonly Json[] = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"],
  ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

const addedOf = (container: JsonObject) => listAt(contextOf(container), "capabilities", "add");

/** That nobody adds other capabilities than these. */
const noOthers = (containers: readonly JsonObject[], allowed: readonly Json[], reason: string) => {
  const othersOf = (each: JsonObject) => addedOf(each).filter((capability) => !allowed.includes(capability));
  const added = [...new Set(containers.flatMap(othersOf))].map(String).toSorted();
  const detail = `must not include ${quoted(added)} in securityContext.capabilities.add`;
  return about(containers, (each) => othersOf(each).length > 0, { reason, detail });
};

const capabilities: Check = ({ containers }) => noOthers(containers, usual, "non-default capabilities");

const hostPaths: Check = ({ spec }) => {
  const volumes = listAt(spec, "volumes").filter((volume) => isObject(objectAt(volume)["hostPath"]));
  const names = volumes.map((volume) => stringAt(volume, "name") ?? "");
  const detail = `${plural("volume", "volumes", names.length)} ${quoted(names)}`;
  return names.length === 0 ? undefined : { reason: "hostPath volumes", detail };
};

const seccomp: Check = ({ containers }) =>
  about(containers, (each) => stringAt(contextOf(each), "seccompProfile", "type") === "Unconfined", {
    ...{ reason: "seccompProfile", detail: 'must not set securityContext.seccompProfile.type to "Unconfined"' },
  });

/** Those that concern only the pod's own part of the node. */
const safeSysctls = [
  ...["kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"],
  ...["net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time"],
  ...["net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"],
  ...["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"],
];

const sysctls: Check = ({ context }) => {
  const names = listAt(context, "sysctls").map((each) => stringAt(each, "name") ?? "");
  return because(
    "forbidden sysctls",
    names.filter((name) => !safeSysctls.includes(name)),
  );
};

/** In the order of their names. */
const baseline: readonly Check[] = [
  ...[capabilities, hostNamespaces, hostPaths, hostPorts, privileged, procMount, seccomp, sysctls],
];

/** Restricted pods meet stricter checks of the same. */
const ofBoth = baseline.filter((check) => ![capabilities, hostPaths, seccomp].includes(check));

const allowedVolumes = [
  ...[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
  ],
];

const restrictedVolumes: Check = ({ spec }) => {
  const bad = listAt(spec, "volumes").flatMap((volume) => {
    const type = Object.keys(objectAt(volume)).find((field) => field !== "name");
    const isAllowed = type === undefined || allowedVolumes.includes(type);
    return isAllowed ? [] : [{ name: stringAt(volume, "name") ?? "", type }];
  });
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(({ type }) => type))].toSorted();
  const who = `${plural("volume", "volumes", bad.length)} ${quoted(bad.map(({ name }) => name))}`;
  const what = `${plural("type", "types", types.length)} ${quoted(types)}`;
  const detail = `${who} ${plural("uses", "use", bad.length)} restricted volume ${what}`;
  return { reason: "restricted volume types", detail };
};

const restricted: readonly Check[] = [
  ({ containers }) =>
    about(containers, (each) => contextOf(each)["allowPrivilegeEscalation"] !== false, {
      reason: "allowPrivilegeEscalation != false",
      detail: "must set securityContext.allowPrivilegeEscalation=false",
    }),
  ({ containers }) => {
    const reason = "unrestricted capabilities";
    const keeps = (each: JsonObject) => !listAt(contextOf(each), "capabilities", "drop").includes("ALL");
    const dropped = about(containers, keeps, {
      ...{ reason, detail: 'must set securityContext.capabilities.drop=["ALL"]' },
    });
    return because(reason, [dropped?.detail, noOthers(containers, ["NET_BIND_SERVICE"], reason)?.detail], "; ");
  },
  restrictedVolumes,
  ({ context, containers }) => {
    const reason = "runAsNonRoot != true";
    const field = "securityContext.runAsNonRoot";
    const having = (value: Json | undefined, detail: string) =>
      about(containers, (each) => contextOf(each)["runAsNonRoot"] === value, { reason, detail })?.detail;
    const missing = context["runAsNonRoot"] === undefined ? having(undefined, `must set ${field}=true`) : undefined;
    return because(reason, [
      context["runAsNonRoot"] === false ? `pod must not set ${field}=false` : undefined,
      having(false, `must not set ${field}=false`),
      missing && `pod or ${missing}`,
    ]);
  },
  ({ context, containers }) => {
    const wrong = { reason: "runAsUser=0", detail: "must not set runAsUser=0" };
    const ofContainers = about(containers, (each) => contextOf(each)["runAsUser"] === 0, wrong);
    const ofPod = context["runAsUser"] === 0 ? `pod ${wrong.detail}` : undefined;
    return because(wrong.reason, [ofPod, ofContainers?.detail]);
  },
  ({ context, containers }) => {
    const typeOf = (security: JsonObject) => stringAt(security, "seccompProfile", "type");
    if (["RuntimeDefault", "Localhost"].includes(typeOf(context) ?? "")) return undefined;
    const detail = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
    const missing = about(containers, (each) => typeOf(contextOf(each)) === undefined, { reason: "", detail });
    return because("seccompProfile", [missing && `pod or ${missing.detail}`]);
  },
];
