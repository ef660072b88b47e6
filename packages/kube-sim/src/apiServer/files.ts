/** The files from which the real API server reads who may log in and who decides. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportPKCS8, exportSPKI } from "jose";
import type { Certificate } from "../../../azure-sim/src/tls.ts";
import { aksServer, type Cluster, type World } from "../../../azure-sim/src/world.ts";
import { printKubeconfig } from "../kubeconfig.ts";

export interface Files {
  readonly certificate: string;
  readonly privateKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly tokens: string;
  readonly authentication: string;
  readonly authorization: string;
}

export async function writeFiles(
  folder: string,
  {
    world,
    cluster,
    tls,
    adminToken,
    callbacks,
  }: { world: World; cluster: Cluster; tls: Certificate; adminToken: string; callbacks: string },
): Promise<Files> {
  const write = async (name: string, content: unknown) => {
    const file = join(folder, name);
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
    return file;
  };
  const { entraAudiences: audiences = [aksServer] } = cluster;
  const decider = { name: "sandbox", server: `${callbacks}/authorize`, ca: tls.certificate };
  const webhookConfig = await write("authorization.kubeconfig", printKubeconfig(decider));
  const [certificate, privateKey, serviceAccountKey, serviceAccountPublicKey, tokens, authentication, authorization] =
    await Promise.all([
      write("certificate.pem", tls.certificate),
      write("key.pem", tls.privateKey),
      write("service-account.key", await exportPKCS8(cluster.serviceAccountKey.privateKey)),
      write("service-account.pub", await exportSPKI(cluster.serviceAccountKey.publicKey)),
      write("tokens.csv", `${adminToken},system:admin,sandbox,"system:masters"\n`),
      write("authentication.json", {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AuthenticationConfiguration",
        jwt: audiences.length > 0 ? [entraLogin({ world, callbacks, audiences, authority: tls.certificate })] : [],
      }),
      write("authorization.json", {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AuthorizationConfiguration",
        authorizers: [
          {
            type: "Webhook",
            name: "sandbox-restrictions",
            webhook: {
              // The restrictions may change at any time.
              authorizedTTL: "1ms",
              unauthorizedTTL: "1ms",
              timeout: "10s",
              subjectAccessReviewVersion: "v1",
              matchConditionSubjectAccessReviewVersion: "v1",
              failurePolicy: "NoOpinion",
              connectionInfo: { type: "KubeConfigFile", kubeConfigFile: webhookConfig },
            },
          },
          { type: "RBAC", name: "rbac" },
        ],
      }),
    ]);
  return { certificate, privateKey, serviceAccountKey, serviceAccountPublicKey, tokens, authentication, authorization };
}

/** kubernetes.io "Authenticating": structured authentication configuration. */
function entraLogin({
  world,
  callbacks,
  audiences,
  authority,
}: {
  readonly world: World;
  readonly callbacks: string;
  readonly audiences: readonly string[];
  /** Of the callbacks; PEM. */
  readonly authority: string;
}) {
  return {
    issuer: {
      url: `https://sts.windows.net/${world.tenantId}/`,
      discoveryURL: `${callbacks}/.well-known/openid-configuration`,
      certificateAuthority: authority,
      audiences,
    },
    claimMappings: { username: { claim: "oid", prefix: "" }, groups: { claim: "groups", prefix: "" } },
  };
}
