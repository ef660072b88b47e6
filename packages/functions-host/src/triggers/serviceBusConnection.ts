import { ManagedIdentityCredential } from "@azure/identity";
import { ServiceBusClient, type ServiceBusClientOptions } from "@azure/service-bus";
import { ConfigurationError } from "../configurationError.ts";
import { findSetting, type Settings } from "../settings.ts";

/**
 * The settings of a Service Bus connection: `<name>__fullyQualifiedNamespace` holds a host name that a managed identity opens
 * (`<name>__clientId`: a user-assigned one).
 */
export function createServiceBusClient(name: string, settings: Settings): ServiceBusClient {
  const find = (suffix: string) =>
    findSetting(settings, name + suffix) ?? findSetting(settings, `AzureWebJobs${name}${suffix}`);
  const namespace = find("__fullyQualifiedNamespace");
  if (!namespace) {
    throw new ConfigurationError(
      `the connection "${name}" is not configured; set ${name}__fullyQualifiedNamespace (this host takes no connection strings)`,
    );
  }
  const clientId = find("__clientId");
  const credential = clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
  // This host's own setting: the actual address of a namespace that is simulated on this machine.
  const customEndpointAddress = find("__customEndpointAddress");
  return new ServiceBusClient(namespace, credential, {
    ...options,
    ...(customEndpointAddress ? { customEndpointAddress } : {}),
  });
}

/** The SDK's defaults wait 30 seconds after each failure: too long for a broker that starts beside the host. */
const options: ServiceBusClientOptions = {
  retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 10_000, timeoutInMs: 30_000 },
};
