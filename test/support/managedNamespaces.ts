/** What the person who owns the subscription does with Azure CLI in a simulated cloud. */
import { once } from "node:events";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { mintAccessToken } from "../../packages/azure-sim/src/entra/index.ts";
import { type Cloud, names } from "../../sandbox/cloud.ts";

const version = "2025-09-01";

const Texts = z.record(z.string(), z.string());
const ManagedNamespace = z.looseObject({
  eTag: z.string(),
  tags: Texts,
  properties: z.looseObject({
    labels: Texts.nullish(),
    annotations: Texts.nullish(),
    defaultResourceQuota: Texts.nullish(),
    defaultNetworkPolicy: Texts.nullish(),
  }),
});

/** One call to the managed namespace of the sandbox's cluster. */
export async function callManaged(
  { arm, tls, world, principals }: Pick<Cloud, "arm" | "tls" | "world" | "principals">,
  method: string,
  name: string,
  { body, ifMatch }: { readonly body?: object; readonly ifMatch?: string } = {},
): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  const token = await mintAccessToken(world, principals.owner, "https://management.azure.com");
  const group = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-dev`;
  const path = `${group}/providers/Microsoft.ContainerService/managedClusters/${names.cluster}/managedNamespaces/${name}`;
  const sent = request(`${arm.url}${path}?api-version=${version}`, {
    method,
    ca: tls.certificate,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    },
  }).end(body && JSON.stringify(body));
  const [response] = await once(sent, "response");
  const said = await text(response);
  return { status: response.statusCode, body: said === "" ? undefined : JSON.parse(said) };
}

/** As `az aks namespace add`, but with Azure's defaults: everything may go out, and only the namespace's own pods come in. */
export async function manageNamespace(
  cloud: Parameters<typeof callManaged>[0],
  name: string,
  properties: object = {},
  tags: object = {},
) {
  const all = { adoptionPolicy: "Always", deletePolicy: "Keep", ...properties };
  const { status, body } = await callManaged(cloud, "PUT", name, { body: { tags, properties: all } });
  if (status === undefined || status >= 300) throw new Error(`${name} could not be managed: ${JSON.stringify(body)}`);
}

/** `az aks namespace show`; undefined if Azure does not manage it. */
export async function findManaged(cloud: Parameters<typeof callManaged>[0], name: string) {
  const { status, body } = await callManaged(cloud, "GET", name);
  return status === 404 ? undefined : ManagedNamespace.parse(body);
}

/** The same where it must be managed. */
export async function managedNamespace(cloud: Parameters<typeof callManaged>[0], name: string) {
  const found = await findManaged(cloud, name);
  if (!found) throw new Error(`Azure does not manage ${name}.`);
  return found;
}
