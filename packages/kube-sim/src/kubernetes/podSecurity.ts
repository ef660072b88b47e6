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

const hostNamespaces: Check = ({ spec }) => {
  const used = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true);
  if (used.length === 0) return undefined;
  return { reason: "host namespaces", detail: used.map((field) => `${field}=true`).join(", ") };
};

const hostPorts: Check = ({ containers }) => {
  const portsOf = (container: JsonObject) =>
    listAt(container, "ports").flatMap((port) => numberAt(port, "hostPort") || []);
  const used = containers.filter((container) => portsOf(container).length > 0);
  if (used.length === 0) return undefined;
  const ports = [...new Set(used.flatMap(portsOf))].toSorted((left, right) => left - right);
  const names = quoted(used.map((container) => stringAt(container, "name") ?? ""));
  const who = `${plural("container", "containers", used.length)} ${names} ${plural("uses", "use", used.length)}`;
  return { reason: "hostPort", detail: `${who} ${plural("hostPort", "hostPorts", ports.length)} ${ports.join(", ")}` };
};

const privileged: Check = ({ containers }) =>
  about(containers, (each) => contextOf(each)["privileged"] === true, {
    reason: "privileged",
    detail: "must not set securityContext.privileged=true",
  });

const procMount: Check = ({ containers }) => {
  const isBad = (each: JsonObject) => (stringAt(contextOf(each), "procMount") ?? "Default") !== "Default";
  return about(containers, isBad, {
    reason: "procMount",
    detail: 'must not set securityContext.procMount to "Unmasked"',
  });
};

/** What containers have anyway, as most runtimes give it. */
const usual: readonly Json[] = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"],
  ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

const addedOf = (container: JsonObject) => listAt(contextOf(container), "capabilities", "add");

const capabilities: Check = ({ containers }) => {
  const forbiddenOf = (each: JsonObject) => addedOf(each).filter((capability) => !usual.includes(capability));
  const added = [...new Set(containers.flatMap(forbiddenOf))].map(String).toSorted();
  return about(containers, (each) => forbiddenOf(each).length > 0, {
    reason: "non-default capabilities",
    detail: `must not include ${quoted(added)} in securityContext.capabilities.add`,
  });
};

const hostPaths: Check = ({ spec }) => {
  const names = listAt(spec, "volumes").flatMap((volume) =>
    isObject(volume) && isObject(volume["hostPath"]) ? [stringAt(volume, "name") ?? ""] : [],
  );
  if (names.length === 0) return undefined;
  return { reason: "hostPath volumes", detail: `${plural("volume", "volumes", names.length)} ${quoted(names)}` };
};

const seccomp: Check = ({ containers }) =>
  about(containers, (each) => stringAt(contextOf(each), "seccompProfile", "type") === "Unconfined", {
    reason: "seccompProfile",
    detail: 'must not set securityContext.seccompProfile.type to "Unconfined"',
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
  const bad = names.filter((name) => !safeSysctls.includes(name));
  return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
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

const restricted: readonly Check[] = [
  ({ containers }) =>
    about(containers, (each) => contextOf(each)["allowPrivilegeEscalation"] !== false, {
      reason: "allowPrivilegeEscalation != false",
      detail: "must set securityContext.allowPrivilegeEscalation=false",
    }),
  ({ containers }) => {
    const reason = "unrestricted capabilities";
    const extraOf = (each: JsonObject) => addedOf(each).filter((capability) => capability !== "NET_BIND_SERVICE");
    const extra = [...new Set(containers.flatMap(extraOf))].map(String).toSorted();
    const found = [
      about(containers, (each) => !listAt(contextOf(each), "capabilities", "drop").includes("ALL"), {
        ...{ reason, detail: 'must set securityContext.capabilities.drop=["ALL"]' },
      }),
      about(containers, (each) => extraOf(each).length > 0, {
        ...{ reason, detail: `must not include ${quoted(extra)} in securityContext.capabilities.add` },
      }),
    ].filter((each) => each !== undefined);
    return found.length === 0 ? undefined : { reason, detail: found.map(({ detail }) => detail).join("; ") };
  },
  ({ spec }) => {
    const bad = listAt(spec, "volumes").flatMap((volume) => {
      const type = Object.keys(objectAt(volume)).find((field) => field !== "name");
      if (type === undefined || allowedVolumes.includes(type)) return [];
      return [{ name: stringAt(volume, "name") ?? "", type }];
    });
    if (bad.length === 0) return undefined;
    const types = [...new Set(bad.map(({ type }) => type))].toSorted();
    const who = `${plural("volume", "volumes", bad.length)} ${quoted(bad.map(({ name }) => name))}`;
    const what = `${plural("type", "types", types.length)} ${quoted(types)}`;
    return {
      reason: "restricted volume types",
      detail: `${who} ${plural("uses", "use", bad.length)} restricted volume ${what}`,
    };
  },
  ({ context, containers }) => {
    const reason = "runAsNonRoot != true";
    const explicit = about(containers, (each) => contextOf(each)["runAsNonRoot"] === false, {
      ...{ reason, detail: "must not set securityContext.runAsNonRoot=false" },
    });
    const isSet = context["runAsNonRoot"] === true;
    const missing = isSet
      ? undefined
      : about(containers, (each) => contextOf(each)["runAsNonRoot"] === undefined, {
          ...{ reason, detail: "must set securityContext.runAsNonRoot=true" },
        });
    const details = [
      ...(context["runAsNonRoot"] === false ? ["pod must not set securityContext.runAsNonRoot=false"] : []),
      ...(explicit ? [explicit.detail] : []),
      ...(missing && context["runAsNonRoot"] === undefined ? [`pod or ${missing.detail}`] : []),
    ];
    return details.length === 0 ? undefined : { reason, detail: details.join(", ") };
  },
  ({ context, containers }) => {
    const ofContainers = about(containers, (each) => contextOf(each)["runAsUser"] === 0, {
      ...{ reason: "runAsUser=0", detail: "must not set runAsUser=0" },
    });
    const details = [
      ...(context["runAsUser"] === 0 ? ["pod must not set runAsUser=0"] : []),
      ...(ofContainers ? [ofContainers.detail] : []),
    ];
    return details.length === 0 ? undefined : { reason: "runAsUser=0", detail: details.join(", ") };
  },
  ({ context, containers }) => {
    const reason = "seccompProfile";
    const right = ["RuntimeDefault", "Localhost"];
    const typeOf = (security: JsonObject) => stringAt(security, "seccompProfile", "type");
    const own = typeOf(context);
    const wanted = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
    const missing =
      own !== undefined && right.includes(own)
        ? undefined
        : about(containers, (each) => typeOf(contextOf(each)) === undefined, { reason, detail: `must set ${wanted}` });
    return missing && { reason, detail: `pod or ${missing.detail}` };
  },
];
