/** How the programs of a real API server are called. */
import { join } from "node:path";
import type { Files } from "./files.ts";

export type Flags = Readonly<Record<string, string>>;

/** What the sandbox and its tests need; any other would only take time. */
const controllers = [
  "namespace-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "root-ca-certificate-publisher-controller",
  "garbage-collector-controller",
  "job-controller",
  "deployment-controller",
  "replicaset-controller",
  "resourcequota-controller",
  "ttl-after-finished-controller",
  "clusterrole-aggregation-controller",
];

export function etcdFlags(folder: string, { url, peerUrl }: { url: string; peerUrl: string }): Flags {
  return {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "log-level": "error",
    // Nothing is kept.
    "unsafe-no-fsync": "true",
  };
}

export function apiServerFlags(
  files: Files,
  { folder, etcdUrl, port, issuer }: { folder: string; etcdUrl: string; port: number; issuer: string },
): Flags {
  return {
    "etcd-servers": etcdUrl,
    "bind-address": "127.0.0.1",
    "secure-port": String(port),
    "tls-cert-file": files.certificate,
    "tls-private-key-file": files.privateKey,
    "cert-dir": folder,
    "token-auth-file": files.tokens,
    "authentication-config": files.authentication,
    "authorization-config": files.authorization,
    "service-account-issuer": issuer,
    "service-account-signing-key-file": files.serviceAccountKey,
    "service-account-key-file": files.serviceAccountPublicKey,
    // Otherwise the server announces its own address.
    "service-account-jwks-uri": `${issuer.replace(/\/$/, "")}/openid/v1/jwks`,
    "service-cluster-ip-range": "10.0.0.0/16",
    "kubelet-certificate-authority": files.certificate,
    "kubelet-preferred-address-types": "InternalIP",
    "endpoint-reconciler-type": "none",
    // As in AKS: what refuses a privileged container is then admission.
    "allow-privileged": "true",
    profiling: "false",
  };
}

export function controllerManagerFlags(files: Files, kubeconfig: string): Flags {
  return {
    kubeconfig,
    controllers: controllers.join(","),
    "root-ca-file": files.certificate,
    "service-account-private-key-file": files.serviceAccountKey,
    "use-service-account-credentials": "false",
    "leader-elect": "false",
    "secure-port": "0",
    "kube-api-qps": "500",
    "kube-api-burst": "500",
    // Otherwise five minutes pass until it looks whether a quota's status says what its spec does.
    "resource-quota-sync-period": "5s",
    profiling: "false",
  };
}
