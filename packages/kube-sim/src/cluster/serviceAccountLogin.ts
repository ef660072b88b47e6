/**
 * What an operator does in a cluster where Mooring logs in with a service account's token (docs/clusters.md): makes the account,
 * applies the rights for it, and keeps its token fresh in a file, as a kubelet does for a projected volume.
 */
import { rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { createApi, type KubernetesApi } from "./api.ts";

export interface ServiceAccountLogin {
  readonly namespace: string;
  readonly name: string;
  readonly tokenFile: string;
}

export interface TokenFile {
  readonly path: string;
  /** Replaces the token now. */
  rotate(): Promise<void>;
  /** Writes something else, until the next rotation; undefined removes the file. */
  spoil(text: string | undefined): Promise<void>;
  close(): Promise<void>;
}

const lifeSeconds = 3_600;
/** A kubelet replaces a token when four fifths of its time are over. */
const rotateAfterMs = lifeSeconds * 800;

const Token = z.object({ status: z.object({ token: z.string() }) });

export async function startServiceAccountLogin(
  { url, adminToken }: { readonly url: string; readonly adminToken: string },
  {
    ca,
    login,
    documents,
  }: { readonly ca: string; readonly login: ServiceAccountLogin; readonly documents: readonly unknown[] },
): Promise<TokenFile> {
  const { namespace, name, tokenFile: path } = login;
  const api = createApi({ url, ca, token: adminToken });
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts`;

  async function write(text: string): Promise<void> {
    // Whoever reads meanwhile sees one of the two.
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  async function rotate(): Promise<void> {
    const spec = { expirationSeconds: lifeSeconds };
    const made = Token.parse(await api.post(`${account}/${name}/token`, { kind: "TokenRequest", apiVersion, spec }));
    await write(made.status.token);
  }

  await api.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await api.post(account, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  await addRights(api, documents);
  await rotate();
  const timer = setInterval(() => void rotate().catch(() => undefined), rotateAfterMs);
  timer.unref();
  return {
    path,
    rotate,
    spoil: (text) => (text === undefined ? rm(path, { force: true }) : write(text)),
    async close() {
      clearInterval(timer);
      api.close();
      await rm(path, { force: true });
    },
  };
}

const apiVersion = "authentication.k8s.io/v1";
const rbac = "rbac.authorization.k8s.io/v1";
const Right = z.looseObject({ apiVersion: z.literal(rbac), kind: z.enum(["ClusterRole", "ClusterRoleBinding"]) });

async function addRights(api: KubernetesApi, documents: readonly unknown[]): Promise<void> {
  for (const document of documents) {
    const right = Right.safeParse(document).data;
    if (right) await api.post(`/apis/${rbac}/${right.kind.toLowerCase()}s`, right);
  }
}
