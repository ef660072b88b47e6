/** Service accounts, their tokens, secrets, and reviews of who may do what. */
import { type Area, as, configMap, merge, object, paths, table } from "./area.ts";

const { core } = paths("accounts");
const accounts = core("serviceaccounts");
const secrets = core("secrets");
const authentication = "/apis/authentication.k8s.io/v1";
const authorization = "/apis/authorization.k8s.io/v1";
const account = (name: string, rest: object = {}) => object("v1", "ServiceAccount", name, rest);
const secret = (name: string, rest: object = {}, metadata: object = {}) => object("v1", "Secret", name, rest, metadata);
const tokenRequest = (spec: object, rest: object = {}) => ({
  ...{ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec },
  ...rest,
});
const review = (kind: string, spec: object, apiVersion = "authorization.k8s.io/v1") => ({ apiVersion, kind, spec });
const impersonating = (headers: Record<string, string>) => ({ headers });
const base64 = (text: string) => Buffer.from(text).toString("base64");

export const accountsArea: Area = {
  name: "accounts",
  asked: [
    ["one", "POST", accounts, account("app", { imagePullSecrets: [{ name: "pull" }], secrets: [{ name: "s" }] })],
    ["one that mounts nothing", "POST", accounts, account("quiet", { automountServiceAccountToken: false })],
    ["one that mounts a text", "POST", accounts, account("loud", { automountServiceAccountToken: "no" })],
    ["one with a bad name", "POST", accounts, account("App_1")],
    ["its pull secrets merged", "PATCH", `${accounts}/app`, { imagePullSecrets: [{ name: "other" }] }, merge],
    ["as a table", "GET", accounts, undefined, table],
    ["a token", "POST", `${accounts}/app/token`, tokenRequest({ audiences: ["a", "b"], expirationSeconds: 3600 })],
    ["a token for nobody in particular", "POST", `${accounts}/app/token`, tokenRequest({})],
    ["a token by an empty body", "POST", `${accounts}/app/token`, {}],
    ["a token for nine minutes", "POST", `${accounts}/app/token`, tokenRequest({ expirationSeconds: 599 })],
    ["a token of negative time", "POST", `${accounts}/app/token`, tokenRequest({ expirationSeconds: -1 })],
    ["a token for a text of time", "POST", `${accounts}/app/token`, tokenRequest({ expirationSeconds: "long" })],
    [
      "a token bound to a secret that is not there",
      "POST",
      `${accounts}/app/token`,
      tokenRequest({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "none" } }),
    ],
    [
      "a token bound to a config map",
      "POST",
      `${accounts}/app/token`,
      tokenRequest({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "none" } }),
    ],
    [
      "a token bound to a node",
      "POST",
      `${accounts}/app/token`,
      tokenRequest({ boundObjectRef: { kind: "Node", apiVersion: "v1", name: "none" } }),
    ],
    ["a token by another name", "POST", `${accounts}/app/token`, { ...tokenRequest({}), metadata: { name: "other" } }],
    [
      "a token by another namespace",
      "POST",
      `${accounts}/app/token`,
      { ...tokenRequest({}), metadata: { namespace: "other" } },
    ],
    ["a token of another kind", "POST", `${accounts}/app/token`, configMap("app")],
    ["a token of nobody", "POST", `${accounts}/nobody/token`, tokenRequest({})],
    ["a token, dryly", "POST", `${accounts}/app/token?dryRun=All`, tokenRequest({ audiences: ["a"] })],
    ["a token, read", "GET", `${accounts}/app/token`],
    ["a token, by a reader", "POST", `${accounts}/app/token`, tokenRequest({}), as("reader")],
    [
      "a review of nonsense",
      "POST",
      `${authentication}/tokenreviews`,
      review("TokenReview", { token: "x.y.z" }, "authentication.k8s.io/v1"),
    ],
    [
      "a review of no token",
      "POST",
      `${authentication}/tokenreviews`,
      review("TokenReview", {}, "authentication.k8s.io/v1"),
    ],
    [
      "a review of a token with a name",
      "POST",
      `${authentication}/tokenreviews`,
      { ...review("TokenReview", { token: "x" }, "authentication.k8s.io/v1"), metadata: { name: "n" } },
    ],
    ["reviews, listed", "GET", `${authentication}/tokenreviews`],
    [
      "who am I",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    ],
    [
      "who am I, as another of groups",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({
        "impersonate-user": "jane",
        "impersonate-group": "devs",
        "impersonate-uid": "7",
        "impersonate-extra-scopes": "view",
      }),
    ],
    [
      "who am I, as an account",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({ "impersonate-user": "system:serviceaccount:area-accounts:app" }),
    ],
    [
      "who am I, as half an account",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({ "impersonate-user": "system:serviceaccount:app" }),
    ],
    [
      "who am I, as anonymous",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({ "impersonate-user": "system:anonymous" }),
    ],
    [
      "who am I, as a group alone",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({ "impersonate-group": "devs" }),
    ],
    [
      "who am I, as a uid alone",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      impersonating({ "impersonate-uid": "7" }),
    ],
    [
      "who am I, as an administrator's group",
      "POST",
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      { ...impersonating({ "impersonate-user": "jane", "impersonate-group": "system:masters" }), caller: "reader" },
    ],
    [
      "may somebody",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "jane",
        resourceAttributes: { namespace: "area-accounts", verb: "get", resource: "pods" },
      }),
    ],
    [
      "may nobody",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", { resourceAttributes: { verb: "get", resource: "pods" } }),
    ],
    [
      "may somebody, nothing",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", { user: "jane" }),
    ],
    [
      "may somebody, both",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "jane",
        resourceAttributes: { verb: "get" },
        nonResourceAttributes: { path: "/x", verb: "get" },
      }),
    ],
    [
      "may masters, a path",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        groups: ["system:masters"],
        nonResourceAttributes: { path: "/metrics", verb: "get" },
      }),
    ],
    [
      "may somebody, by labels",
      "POST",
      `${authorization}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "j",
        resourceAttributes: {
          verb: "list",
          resource: "pods",
          labelSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "In", values: ["b"] }] },
        },
      }),
    ],
    [
      "may somebody here, of another namespace",
      "POST",
      `${paths("accounts").of("apis/authorization.k8s.io/v1")("localsubjectaccessreviews")}`,
      review("LocalSubjectAccessReview", {
        user: "jane",
        resourceAttributes: { namespace: "other", verb: "get", resource: "pods" },
      }),
    ],
    [
      "may somebody here",
      "POST",
      `${paths("accounts").of("apis/authorization.k8s.io/v1")("localsubjectaccessreviews")}`,
      review("LocalSubjectAccessReview", {
        user: "jane",
        resourceAttributes: { namespace: "area-accounts", verb: "get", resource: "pods" },
      }),
    ],
    [
      "may I",
      "POST",
      `${authorization}/selfsubjectaccessreviews`,
      review("SelfSubjectAccessReview", {
        resourceAttributes: { namespace: "area-accounts", verb: "list", resource: "configmaps" },
      }),
      as("reader"),
    ],
    ["may I, nothing", "POST", `${authorization}/selfsubjectaccessreviews`, review("SelfSubjectAccessReview", {})],
    ["what may I, nowhere", "POST", `${authorization}/selfsubjectrulesreviews`, review("SelfSubjectRulesReview", {})],
    ["may I, read", "GET", `${authorization}/selfsubjectaccessreviews`],
    ["secret of an account", "POST", secrets, secret("t1", { type: "kubernetes.io/service-account-token" })],
    [
      "secret of an account that is not there",
      "POST",
      `${secrets}?dryRun=All`,
      secret(
        "t2",
        { type: "kubernetes.io/service-account-token" },
        { annotations: { "kubernetes.io/service-account.name": "zero" } },
      ),
    ],
    [
      "secret for TLS without a key",
      "POST",
      secrets,
      secret("tls", { type: "kubernetes.io/tls", data: { "tls.crt": base64("x") } }),
    ],
    [
      "secret for images that is not JSON",
      "POST",
      secrets,
      secret("pull", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "x" } }),
    ],
    [
      "secret for images",
      "POST",
      secrets,
      secret("pull", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{}" } }),
    ],
    ["secret of a login without anything", "POST", secrets, secret("basic", { type: "kubernetes.io/basic-auth" })],
    ["secret of SSH without a key", "POST", secrets, secret("ssh", { type: "kubernetes.io/ssh-auth", data: {} })],
    [
      "secret of a type of its own",
      "POST",
      secrets,
      secret("own", { type: "a.example/b", stringData: { a: "1" }, data: { a: base64("0"), b: base64("2") } }),
    ],
    ["secret whose type changes", "PATCH", `${secrets}/own`, { type: "Opaque" }, merge],
    ["secret that is not base64", "POST", secrets, secret("bad", { data: { a: "%%%" } })],
    ["secret of a bad key", "POST", secrets, secret("bad", { stringData: { "a b": "1" } })],
    ["secret of a number", "POST", secrets, secret("bad", { stringData: { a: 1 } })],
    ["secret becomes immutable", "PATCH", `${secrets}/own`, { immutable: true }, merge],
    ["secret that is immutable, changed", "PATCH", `${secrets}/own`, { stringData: { c: "3" } }, merge],
    ["secret that is immutable, labelled", "PATCH", `${secrets}/own`, { metadata: { labels: { a: "b" } } }, merge],
    ["secrets by type", "GET", `${secrets}?fieldSelector=type%3Da.example%2Fb`],
    ["secrets as a table", "GET", `${secrets}?fieldSelector=metadata.name%3Down`, undefined, table],
  ],
};
