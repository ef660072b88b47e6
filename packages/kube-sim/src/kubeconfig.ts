/** A kubeconfig for one cluster. JSON, which is YAML. */
export function printKubeconfig({
  name,
  server,
  ca,
  token,
}: {
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  /** None for a server that does not ask who calls. */
  readonly token?: string;
}): string {
  const user = `${name}-admin`;
  const authority = Buffer.from(ca).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": authority } }],
    // Different in every cluster: among several files, kubectl takes the first user with a given name.
    users: [{ name: user, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context: { cluster: name, user } }],
    "current-context": name,
  });
}
