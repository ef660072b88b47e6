/** Where the simulated cloud listens and which identities it has, for clients that the sandbox does not start itself. */
import { type Cloud, names } from "../cloud.ts";
import { toVariable } from "../messagingServices.ts";

export interface EnvironmentOptions {
  readonly cloud: Cloud;
  /** URL of the service. */
  readonly url: string;
  readonly authorityFile: string;
  readonly freetdsFile: string;
  readonly azureConfigFolder: string;
  /** Files, by the clusters' names. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

export function describeEnvironment({
  url,
  cloud,
  kubeconfigs,
  authorityFile,
  freetdsFile,
  azureConfigFolder,
}: EnvironmentOptions) {
  const { world, arm, entra, clusters, sqlServers, serviceBus, identityEndpoint, principals, sqlLogin } = cloud;
  const servers = [...sqlServers.values()].map((sql) => ({
    name: sql.server,
    address: `localhost,${sql.port}`,
    databases: [...(world.sqlServers.get(sql.server)?.databases ?? [])],
  }));
  return {
    service: url,
    /** For a shell: names that tools read by themselves, and SANDBOX_… where no tool has a name. */
    variables: {
      MOORING_SERVER: url,
      SSL_CERT_FILE: authorityFile,
      NODE_EXTRA_CA_CERTS: authorityFile,
      REQUESTS_CA_BUNDLE: authorityFile,
      AZURE_TENANT_ID: world.tenantId,
      AZURE_SUBSCRIPTION_ID: world.subscriptionId,
      AZURE_AUTHORITY_HOST: entra.authorityHost,
      IDENTITY_ENDPOINT: identityEndpoint.endpoint,
      IDENTITY_HEADER: identityEndpoint.header,
      // For versions of the Azure CLI that do not know the names above; the third tells them that they are in an App Service.
      MSI_ENDPOINT: identityEndpoint.endpoint,
      MSI_SECRET: identityEndpoint.header,
      APPSETTING_WEBSITE_SITE_NAME: "mooring-sandbox",
      // Not your own, which holds your logins.
      AZURE_CONFIG_DIR: azureConfigFolder,
      KUBECONFIG: Object.values(kubeconfigs).join(":"),
      FREETDSCONF: freetdsFile,
      SANDBOX_MOORING_CLIENT_ID: principals.mooring.clientId,
      SANDBOX_ADMINISTRATOR_CLIENT_ID: principals.databaseAdministrator.clientId,
      SANDBOX_TEAM_CLIENT_ID: principals.team.clientId,
      SANDBOX_OPERATOR_CLIENT_ID: principals.operator.clientId,
      SANDBOX_OWNER_CLIENT_ID: principals.owner.clientId,
      SANDBOX_SQL_USER: sqlLogin.user,
      SANDBOX_SQL_PASSWORD: sqlLogin.password,
      SANDBOX_ARM_ENDPOINT: arm.url,
      SANDBOX_SERVICE_BUS_ENDPOINT: serviceBus.url,
      SANDBOX_SERVICE_BUS_NAMESPACE: names.serviceBusNamespace,
      SANDBOX_SERVICE_BUS_QUEUE: names.trialQueue,
      SANDBOX_SERVICE_BUS_TOPIC: names.trialTopic,
      ...cloud.variables,
      ...describeCluster(cloud),
      ...Object.fromEntries(servers.map(({ name, address }) => [`SANDBOX_SQL_${toVariable(name)}`, address])),
    } as Readonly<Record<string, string>>,
    resourceManager: arm.url,
    authorityHost: entra.authorityHost,
    tenantId: world.tenantId,
    subscriptionId: world.subscriptionId,
    identityEndpoint: { url: identityEndpoint.endpoint, header: identityEndpoint.header },
    certificateAuthority: authorityFile,
    clusters: [...clusters.keys()].map((name) => ({
      name,
      apiServer: clusters.get(name)?.kubernetes.url,
      kubeconfig: kubeconfigs[name],
    })),
    sqlServers: servers,
    sqlLogin,
    serviceBus: {
      endpoint: serviceBus.url,
      namespace: names.serviceBusNamespace,
      queue: names.queue,
      topic: names.topic,
    },
    principals: [...world.servicePrincipals.values()],
  };
}

/** Where the first cluster's identities are, and who issues its tokens. */
function describeCluster({ world }: Cloud): Readonly<Record<string, string>> {
  const [cluster] = world.clusters.values();
  if (!cluster) return {};
  return { SANDBOX_IDENTITY_RESOURCE_GROUP: cluster.nodeResourceGroup, SANDBOX_OIDC_ISSUER: cluster.oidcIssuer };
}

/** Lines to print: variables for a shell, then addresses for each client's own settings. */
export function printEnvironment(surroundings: EnvironmentOptions): string[] {
  const { variables, resourceManager, sqlServers, serviceBus, principals } = describeEnvironment(surroundings);
  const addresses = [
    ["Azure Resource Manager", resourceManager],
    ...sqlServers.map(({ name, address, databases }) => [
      `Azure SQL ${name}`,
      `${address}  databases ${databases.join(", ")}`,
    ]),
    ["Service Bus", `${serviceBus.endpoint}  as customEndpointAddress of ${serviceBus.namespace}`],
    ...principals.map(({ displayName, clientId }) => [displayName, clientId]),
  ];
  return [
    ...Object.entries(variables)
      .filter(([name]) => !/^SANDBOX_(?!SQL_(USER|PASSWORD)$)/.test(name))
      .map(([name, value]) => `export ${name}=${value}`),
    ...addresses.map(([name = "", value]) => `${name.padEnd(23)} ${value}`),
  ];
}
