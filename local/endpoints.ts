/** Where the simulated cloud listens and who one may be in it, for clients that the sandbox does not start itself. */
import { names } from "./cloud.ts";
import type { Sandbox } from "./sandbox.ts";

/** Lines to print: variables that a shell can take over, then addresses that stand in each client's own settings. */
export function describeEndpoints({ cloud, kubeconfig, authorityFile }: Sandbox): string[] {
  const { world, arm, entra, sql, serviceBus, principals, identityEndpoint } = cloud;
  const variables = {
    SSL_CERT_FILE: authorityFile,
    AZURE_TENANT_ID: world.tenantId,
    AZURE_SUBSCRIPTION_ID: world.subscriptionId,
    AZURE_AUTHORITY_HOST: entra.authorityHost,
    IDENTITY_ENDPOINT: identityEndpoint.endpoint,
    IDENTITY_HEADER: identityEndpoint.header,
    KUBECONFIG: kubeconfig,
  };
  const databases = [...(world.sqlServers.get(names.sqlServer)?.databases ?? [])].join(", ");
  const addresses = [
    ["Azure Resource Manager", arm.url],
    ["Azure SQL", `localhost,${sql.port}  databases ${databases}`],
    ["Service Bus", `${serviceBus.url}  as customEndpointAddress of ${names.serviceBusNamespace}`],
    ...Object.values(principals).map(({ displayName, clientId }) => [displayName, clientId]),
  ];
  return [
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${value}`),
    ...addresses.map(([name = "", value]) => `${name.padEnd(23)} ${value}`),
  ];
}
