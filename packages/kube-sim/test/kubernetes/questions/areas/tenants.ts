/** Namespaces and what a team has in one: their end, their limits, their security, their accounts. */
import {
  type Area,
  apply,
  as,
  configMap,
  json,
  merge,
  object,
  partial,
  paths,
  pod,
  statefulSet,
  strategic,
  table,
  template,
} from "./area.ts";

const { core, apps, batch, rbac, of } = paths("tenants");
const maps = core("configmaps");
const namespaces = "/api/v1/namespaces";
const namespace = (name: string, metadata: object = {}, rest: object = {}) =>
  object("v1", "Namespace", name, rest, metadata);
const going = `${namespaces}/area-leaving`;
const level = (mode: string, value: string) => ({
  metadata: { labels: { [`pod-security.kubernetes.io/${mode}`]: value } },
});
const quota = (spec: object) => object("v1", "ResourceQuota", "q", { spec });
const job = (name: string, spec: object = {}) =>
  object("batch/v1", "Job", name, {
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
      ...spec,
    },
  });
const restricted = "/api/v1/namespaces/area-restricted";
const safe = {
  ...{ runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  seccompProfile: { type: "RuntimeDefault" },
};
const token = (spec: object) => ({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec });
const azure = of("apis/aadpodidentity.k8s.io/v1");

export const tenants: Area = {
  name: "tenants",
  asked: [
    ["one that will be held", "POST", namespaces, namespace("area-leaving")],
    ["what holds it", "POST", `${going}/configmaps`, configMap("hold", {}, { finalizers: ["a.example/hold"] })],
    ["it leaves, in the foreground", "DELETE", `${going}?propagationPolicy=Foreground`],
    ["a config map for it then", "POST", `${going}/configmaps`, configMap("x")],
    ["an apply into it then", "PATCH", `${going}/configmaps/x?fieldManager=m`, configMap("x"), apply],
    ["a dry run into it then", "POST", `${going}/secrets?dryRun=All`, object("v1", "Secret", "x")],
    [
      "a custom object for it then",
      "POST",
      "/apis/aadpodidentity.k8s.io/v1/namespaces/area-leaving/azureidentities",
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "x", { spec: { type: 0 } }),
    ],
    [
      "a role in it then",
      "POST",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/area-leaving/roles",
      object("rbac.authorization.k8s.io/v1", "Role", "x", { rules: [] }),
    ],
    ["a new finalizer for itself", "PATCH", going, { metadata: { finalizers: ["a.example/x"] } }, merge],
    ["one of the same name", "POST", namespaces, namespace("area-leaving")],
    ["a namespace with a bad label", "POST", namespaces, namespace("area-y", { labels: { "a b": "1" } })],
    ["a namespace of capitals", "POST", namespaces, namespace("Area_Y")],
    ["a namespace without a name", "POST", namespaces, { apiVersion: "v1", kind: "Namespace", metadata: {} }],
    ["a namespace by another name", "PUT", `${namespaces}/area-tenants`, namespace("other")],
    ["a namespace that is not there, replaced", "PUT", `${namespaces}/none`, namespace("none")],
    ["a namespace that is not there, patched", "PATCH", `${namespaces}/none`, {}, merge],
    [
      "a namespace applied, dryly",
      "PATCH",
      `${namespaces}/area-z?fieldManager=m&dryRun=All`,
      namespace("area-z", { labels: { a: "1" } }),
      apply,
    ],
    ["namespaces by a label", "GET", `${namespaces}?labelSelector=kubernetes.io/metadata.name%3Darea-tenants`],
    ["namespaces by a name", "GET", `${namespaces}?fieldSelector=metadata.name%3Dkube-system`, undefined, table],
    ["a namespace's metadata", "GET", `${namespaces}/area-tenants`, undefined, partial],
    [
      "a namespace finalized by nobody",
      "PUT",
      `${namespaces}/area-tenants/finalize?dryRun=All`,
      namespace("area-tenants", {}, { spec: { finalizers: [] } }),
    ],
    [
      "a namespace's status replaced",
      "PUT",
      `${namespaces}/area-tenants/status`,
      namespace("area-tenants", {}, { status: { phase: "Active" } }),
    ],
    ["a wrong level", "PATCH", `${namespaces}/area-tenants?dryRun=All`, level("enforce", "strict"), merge],
    [
      "a wrong version of a level",
      "PATCH",
      `${namespaces}/area-tenants?dryRun=All`,
      level("enforce-version", "v1"),
      merge,
    ],
    ["a restricted level", "PATCH", `${namespaces}/area-tenants?dryRun=All`, level("enforce", "restricted"), merge],
    ["a privileged level", "PATCH", `${namespaces}/area-tenants?dryRun=All`, level("enforce", "privileged"), merge],
    ["a level that only warns", "PATCH", `${namespaces}/area-tenants?dryRun=All`, level("warn", "baseline"), merge],
    [
      "a safe pod in a restricted one",
      "POST",
      `${restricted}/pods?dryRun=All`,
      pod("x", { containers: [{ name: "c", image: "i", securityContext: safe }] }),
    ],
    [
      "a pod that shares processes in a restricted one",
      "POST",
      `${restricted}/pods?dryRun=All`,
      pod("x", { hostPID: true }),
    ],
    [
      "a pod with a host's path in a restricted one",
      "POST",
      `${restricted}/pods?dryRun=All`,
      pod("x", { securityContext: safe, volumes: [{ name: "v", hostPath: { path: "/" } }] }),
    ],
    ["a job in a restricted one", "POST", "/apis/batch/v1/namespaces/area-restricted/jobs?dryRun=All", job("x")],
    [
      "a deployment in a restricted one",
      "POST",
      "/apis/apps/v1/namespaces/area-restricted/deployments?dryRun=All",
      object("apps/v1", "Deployment", "x", {
        spec: { replicas: 0, selector: { matchLabels: { app: "a" } }, template: template() },
      }),
    ],
    ["a pod by apply in a restricted one", "PATCH", `${restricted}/pods/x?fieldManager=m&dryRun=All`, pod("x"), apply],
    [
      "sysctls in a baseline one",
      "POST",
      "/api/v1/namespaces/area-baseline/pods?dryRun=All",
      pod("x", { securityContext: { sysctls: [{ name: "kernel.x", value: "1" }] } }),
    ],
    [
      "capabilities in a baseline one",
      "POST",
      "/api/v1/namespaces/area-baseline/pods?dryRun=All",
      pod("x", { containers: [{ name: "c", image: "i", securityContext: { capabilities: { add: ["SYS_ADMIN"] } } }] }),
    ],
    [
      "a quota of fractions",
      "POST",
      core("resourcequotas"),
      quota({ hard: { "requests.cpu": "0.1", "limits.cpu": "1e1", "requests.memory": "128974848" } }),
    ],
    ["a quota raised", "PATCH", core("resourcequotas/q"), { spec: { hard: { "requests.cpu": "2500m" } } }, merge],
    ["the quota deleted", "DELETE", core("resourcequotas/q")],
    [
      "a quota of a wrong kind of number",
      "POST",
      core("resourcequotas"),
      object("v1", "ResourceQuota", "w", { spec: { hard: { pods: true } } }),
    ],
    [
      "a quota applied",
      "PATCH",
      core("resourcequotas/applied?fieldManager=m"),
      object("v1", "ResourceQuota", "applied", { spec: { hard: { pods: 5, cpu: 1 } } }),
      apply,
    ],
    [
      "limits",
      "POST",
      core("limitranges"),
      object("v1", "LimitRange", "l", {
        spec: { limits: [{ type: "Container", default: { cpu: 1, memory: "1Gi" }, min: { cpu: "10m" } }] },
      }),
    ],
    ["a pod with these limits", "POST", core("pods?dryRun=All"), pod("x", { automountServiceAccountToken: false })],
    [
      "a pod below these limits",
      "POST",
      core("pods?dryRun=All"),
      pod("x", { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1m" } } }] }),
    ],
    ["limits, to be deleted", "DELETE", core("limitranges/l")],
    [
      "an account for an identity",
      "POST",
      core("serviceaccounts"),
      object(
        "v1",
        "ServiceAccount",
        "app",
        {},
        {
          annotations: { "azure.workload.identity/client-id": "x" },
          labels: { "azure.workload.identity/use": "true" },
        },
      ),
    ],
    [
      "an account's annotation changed",
      "PATCH",
      core("serviceaccounts/app?fieldManager=m"),
      object("v1", "ServiceAccount", "app", {}, { annotations: { "azure.workload.identity/client-id": "y" } }),
      apply,
    ],
    [
      "an account's annotation by force",
      "PATCH",
      core("serviceaccounts/app?fieldManager=m&force=true"),
      object("v1", "ServiceAccount", "app", {}, { annotations: { "azure.workload.identity/client-id": "y" } }),
      apply,
    ],
    [
      "an account's token for Entra",
      "POST",
      core("serviceaccounts/app/token"),
      token({ audiences: ["api://AzureADTokenExchange"], expirationSeconds: 3600 }),
      table,
    ],
    ["an account's token of no time", "POST", core("serviceaccounts/app/token"), token({ expirationSeconds: 0 })],
    [
      "an account's token for too long",
      "POST",
      core("serviceaccounts/app/token"),
      token({ expirationSeconds: 4_294_967_297 }),
    ],
    [
      "an account's token bound to an unknown thing",
      "POST",
      core("serviceaccounts/app/token"),
      token({ boundObjectRef: { kind: "Thing", apiVersion: "v1", name: "x" } }),
    ],
    [
      "an account's token bound to a pod by no name",
      "POST",
      core("serviceaccounts/app/token"),
      token({ boundObjectRef: { kind: "Pod", apiVersion: "v1" } }),
    ],
    ["an account's token, a list", "POST", core("serviceaccounts/app/token"), []],
    ["an account's token by a stranger", "POST", core("serviceaccounts/app/token"), token({}), as("stranger")],
    ["an account deleted", "DELETE", core("serviceaccounts/app")],
    [
      "an identity",
      "POST",
      azure("azureidentities"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "i", { spec: { type: 0, resourceID: "r", clientID: "c" } }),
    ],
    [
      "an identity of a wrong type",
      "POST",
      azure("azureidentities"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "x", { spec: { type: "0" } }),
    ],
    [
      "an identity's binding",
      "POST",
      azure("azureidentitybindings"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", "b", { spec: { azureIdentity: "i", selector: "s" } }),
    ],
    [
      "an identity with an unknown field",
      "POST",
      azure("azureidentities?fieldValidation=Strict"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "x", { spec: { type: 0, wrong: 1 } }),
    ],
    [
      "an identity applied",
      "PATCH",
      azure("azureidentities/i?fieldManager=m"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "i", { spec: { type: 0, clientID: "d" } }),
      apply,
    ],
    [
      "an identity by force",
      "PATCH",
      azure("azureidentities/i?fieldManager=m&force=true"),
      object("aadpodidentity.k8s.io/v1", "AzureIdentity", "i", { spec: { type: 0, clientID: "d" } }),
      apply,
    ],
    ["identities as a table", "GET", azure("azureidentities"), undefined, table],
    ["an identity merged", "PATCH", azure("azureidentities/i"), { spec: { clientID: null } }, merge],
    ["an identity deleted", "DELETE", azure("azureidentities/i")],
    [
      "a role for the team",
      "POST",
      rbac("roles"),
      object("rbac.authorization.k8s.io/v1", "Role", "team", {
        rules: [{ apiGroups: ["", "apps"], resources: ["*"], verbs: ["*"] }],
      }),
    ],
    [
      "a binding of a role of the cluster",
      "POST",
      rbac("rolebindings"),
      object("rbac.authorization.k8s.io/v1", "RoleBinding", "team", {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
        subjects: [{ kind: "Group", name: "team", apiGroup: "rbac.authorization.k8s.io" }],
      }),
    ],
    [
      "whether the team may",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: "u",
          groups: ["team"],
          resourceAttributes: { namespace: "area-tenants", verb: "create", group: "apps", resource: "deployments" },
        },
      },
    ],
    [
      "whether the team may elsewhere",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: "u",
          groups: ["team"],
          resourceAttributes: { namespace: "default", verb: "create", group: "apps", resource: "deployments" },
        },
      },
    ],
    [
      "as the team",
      "POST",
      `${maps}?dryRun=All`,
      configMap("x"),
      { headers: { "impersonate-user": "u", "impersonate-group": "team" } },
    ],
    [
      "as the team, roles",
      "POST",
      rbac("roles?dryRun=All"),
      object("rbac.authorization.k8s.io/v1", "Role", "x", { rules: [] }),
      { headers: { "impersonate-user": "u", "impersonate-group": "team" } },
    ],
    ["a stateful set of the team", "POST", apps("statefulsets"), statefulSet("a")],
    [
      "its image",
      "PATCH",
      apps("statefulsets/a"),
      {
        spec: { template: { spec: { containers: [{ name: "main", image: "b", env: [{ name: "B", value: "2" }] }] } } },
      },
      strategic,
    ],
    [
      "its variable away",
      "PATCH",
      apps("statefulsets/a"),
      { spec: { template: { spec: { containers: [{ name: "main", env: [{ name: "B", $patch: "delete" }] }] } } } },
      strategic,
    ],
    ["its replicas", "PATCH", apps("statefulsets/a/scale"), { spec: { replicas: 0 } }, merge],
    ["its status", "PATCH", apps("statefulsets/a/status"), { status: { replicas: 1, readyReplicas: 1 } }, merge],
    ["it, deleted with its pods", "DELETE", apps("statefulsets/a?propagationPolicy=Foreground")],
    ["a job of the team", "POST", batch("jobs"), job("a", { backoffLimit: 0 })],
    [
      "its template changed",
      "PATCH",
      batch("jobs/a"),
      [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "j" }],
      json,
    ],
    ["its pods more", "PATCH", batch("jobs/a?dryRun=All"), { spec: { parallelism: 3 } }, merge],
    ["its completions", "PATCH", batch("jobs/a"), { spec: { completions: 5 } }, merge],
    [
      "it, deleted with its pods too",
      "DELETE",
      batch("jobs/a"),
      { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" },
    ],
  ],
};
