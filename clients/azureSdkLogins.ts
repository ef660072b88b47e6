/** Clients of Azure's SDK, which all take the credential that finds the pod's identity by itself. */
import type { AzureRoleKindName } from "../src/domain/targets/azureRoles.ts";
import type { Driver, Language, Login } from "./login.ts";

/** A client of Azure's SDK: what it needs and how it is made, with `credential`. */
type Client = readonly [needs: string, imported: string, made: string];

/** `@azure/identity` and its like, and how each language makes the credential that finds the pod's identity by itself. */
const credentials: { readonly [L in Language]: Client } = {
  node: [
    "@azure/identity 4.14",
    'import { DefaultAzureCredential } from "@azure/identity";',
    "const credential = new DefaultAzureCredential();",
  ],
  python: [
    "azure-identity 1.27",
    "from azure.identity import DefaultAzureCredential",
    "credential = DefaultAzureCredential()",
  ],
  java: [
    "com.azure:azure-identity 1.19",
    "import com.azure.identity.DefaultAzureCredentialBuilder;",
    "var credential = new DefaultAzureCredentialBuilder().build();",
  ],
  dotnet: ["Azure.Identity 1.17", "using Azure.Identity;", "var credential = new DefaultAzureCredential();"],
  go: [
    "github.com/Azure/azure-sdk-for-go/sdk/azidentity 1.15",
    'import "github.com/Azure/azure-sdk-for-go/sdk/azidentity"',
    "credential, err := azidentity.NewDefaultAzureCredential(nil)",
  ],
};

function azureSdk(noun: string, tried: Login["tried"], clients: { readonly [L in Language]: Client }): Driver {
  const loginOf = (language: Language): Login => {
    const [identity, identityImport, credential] = credentials[language];
    const [needs, imported, made] = clients[language];
    return { needs: [needs, identity], tried, lines: `${identityImport}\n${imported}\n\n${credential}\n${made}` };
  };
  return {
    noun,
    logins: {
      node: loginOf("node"),
      python: loginOf("python"),
      java: loginOf("java"),
      dotnet: loginOf("dotnet"),
      go: loginOf("go"),
    },
  };
}

const goSdk = "github.com/Azure/azure-sdk-for-go/sdk";

const cognitiveScope = "https://cognitiveservices.azure.com/.default";

export const azureSdkLogins: { readonly [K in AzureRoleKindName]: Driver } = {
  storageBlob: azureSdk("Blob container", "not here", {
    node: [
      "@azure/storage-blob 12",
      'import { BlobServiceClient } from "@azure/storage-blob";',
      'const blobs = new BlobServiceClient("https://<account>.blob.core.windows.net", credential);',
    ],
    python: [
      "azure-storage-blob 12",
      "from azure.storage.blob import BlobServiceClient",
      'blobs = BlobServiceClient("https://<account>.blob.core.windows.net", credential=credential)',
    ],
    java: [
      "com.azure:azure-storage-blob 12",
      "import com.azure.storage.blob.BlobServiceClientBuilder;",
      `var blobs = new BlobServiceClientBuilder().endpoint("https://<account>.blob.core.windows.net")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Storage.Blobs 12",
      "using Azure.Storage.Blobs;",
      'var blobs = new BlobServiceClient(new Uri("https://<account>.blob.core.windows.net"), credential);',
    ],
    go: [
      `${goSdk}/storage/azblob 1`,
      `import "${goSdk}/storage/azblob"`,
      'blobs, err := azblob.NewClient("https://<account>.blob.core.windows.net", credential, nil)',
    ],
  }),
  storageQueue: azureSdk("Storage queue", "not here", {
    node: [
      "@azure/storage-queue 12",
      'import { QueueServiceClient } from "@azure/storage-queue";',
      'const queues = new QueueServiceClient("https://<account>.queue.core.windows.net", credential);',
    ],
    python: [
      "azure-storage-queue 12",
      "from azure.storage.queue import QueueServiceClient",
      'queues = QueueServiceClient("https://<account>.queue.core.windows.net", credential=credential)',
    ],
    java: [
      "com.azure:azure-storage-queue 12",
      "import com.azure.storage.queue.QueueServiceClientBuilder;",
      `var queues = new QueueServiceClientBuilder().endpoint("https://<account>.queue.core.windows.net")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Storage.Queues 12",
      "using Azure.Storage.Queues;",
      'var queues = new QueueServiceClient(new Uri("https://<account>.queue.core.windows.net"), credential);',
    ],
    go: [
      `${goSdk}/storage/azqueue 1`,
      `import "${goSdk}/storage/azqueue"`,
      'queues, err := azqueue.NewServiceClient("https://<account>.queue.core.windows.net", credential, nil)',
    ],
  }),
  storageTable: azureSdk("Storage table", "not here", {
    node: [
      "@azure/data-tables 13",
      'import { TableServiceClient } from "@azure/data-tables";',
      'const tables = new TableServiceClient("https://<account>.table.core.windows.net", credential);',
    ],
    python: [
      "azure-data-tables 12",
      "from azure.data.tables import TableServiceClient",
      'tables = TableServiceClient(endpoint="https://<account>.table.core.windows.net", credential=credential)',
    ],
    java: [
      "com.azure:azure-data-tables 12",
      "import com.azure.data.tables.TableServiceClientBuilder;",
      `var tables = new TableServiceClientBuilder().endpoint("https://<account>.table.core.windows.net")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Data.Tables 12",
      "using Azure.Data.Tables;",
      'var tables = new TableServiceClient(new Uri("https://<account>.table.core.windows.net"), credential);',
    ],
    go: [
      `${goSdk}/data/aztables 1`,
      `import "${goSdk}/data/aztables"`,
      'tables, err := aztables.NewServiceClient("https://<account>.table.core.windows.net", credential, nil)',
    ],
  }),
  keyVaultSecrets: azureSdk("Key vault", "not here", {
    node: [
      "@azure/keyvault-secrets 4",
      'import { SecretClient } from "@azure/keyvault-secrets";',
      'const secrets = new SecretClient("https://<vault>.vault.azure.net", credential);',
    ],
    python: [
      "azure-keyvault-secrets 4",
      "from azure.keyvault.secrets import SecretClient",
      'secrets = SecretClient(vault_url="https://<vault>.vault.azure.net", credential=credential)',
    ],
    java: [
      "com.azure:azure-security-keyvault-secrets 4",
      "import com.azure.security.keyvault.secrets.SecretClientBuilder;",
      `var secrets = new SecretClientBuilder().vaultUrl("https://<vault>.vault.azure.net")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Security.KeyVault.Secrets 4",
      "using Azure.Security.KeyVault.Secrets;",
      'var secrets = new SecretClient(new Uri("https://<vault>.vault.azure.net"), credential);',
    ],
    go: [
      `${goSdk}/security/keyvault/azsecrets 1`,
      `import "${goSdk}/security/keyvault/azsecrets"`,
      'secrets, err := azsecrets.NewClient("https://<vault>.vault.azure.net", credential, nil)',
    ],
  }),
  serviceBus: azureSdk("Service Bus queue, topic or namespace", "by hand", {
    node: [
      "@azure/service-bus 7",
      'import { ServiceBusClient } from "@azure/service-bus";',
      'const messages = new ServiceBusClient("<namespace>.servicebus.windows.net", credential);',
    ],
    python: [
      "azure-servicebus 7",
      "from azure.servicebus import ServiceBusClient",
      'messages = ServiceBusClient("<namespace>.servicebus.windows.net", credential)',
    ],
    java: [
      "com.azure:azure-messaging-servicebus 7",
      "import com.azure.messaging.servicebus.ServiceBusClientBuilder;",
      `var sender = new ServiceBusClientBuilder().fullyQualifiedNamespace("<namespace>.servicebus.windows.net")
    .credential(credential).sender().queueName("<queue>").buildClient();`,
    ],
    dotnet: [
      "Azure.Messaging.ServiceBus 7",
      "using Azure.Messaging.ServiceBus;",
      'await using var messages = new ServiceBusClient("<namespace>.servicebus.windows.net", credential);',
    ],
    go: [
      `${goSdk}/messaging/azservicebus 1`,
      `import "${goSdk}/messaging/azservicebus"`,
      'messages, err := azservicebus.NewClient("<namespace>.servicebus.windows.net", credential, nil)',
    ],
  }),
  eventHubs: azureSdk("Event hub", "not here", {
    node: [
      "@azure/event-hubs 6",
      'import { EventHubProducerClient } from "@azure/event-hubs";',
      'const producer = new EventHubProducerClient("<namespace>.servicebus.windows.net", "<hub>", credential);',
    ],
    python: [
      "azure-eventhub 5",
      "from azure.eventhub import EventHubProducerClient",
      'producer = EventHubProducerClient("<namespace>.servicebus.windows.net", "<hub>", credential)',
    ],
    java: [
      "com.azure:azure-messaging-eventhubs 5",
      "import com.azure.messaging.eventhubs.EventHubClientBuilder;",
      `var producer = new EventHubClientBuilder()
    .credential("<namespace>.servicebus.windows.net", "<hub>", credential).buildProducerClient();`,
    ],
    dotnet: [
      "Azure.Messaging.EventHubs 5",
      "using Azure.Messaging.EventHubs.Producer;",
      'await using var producer = new EventHubProducerClient("<namespace>.servicebus.windows.net", "<hub>", credential);',
    ],
    go: [
      `${goSdk}/messaging/azeventhubs 2`,
      `import "${goSdk}/messaging/azeventhubs/v2"`,
      'producer, err := azeventhubs.NewProducerClient("<namespace>.servicebus.windows.net", "<hub>", credential, nil)',
    ],
  }),
  appConfiguration: azureSdk("App Configuration store", "not here", {
    node: [
      "@azure/app-configuration 1",
      'import { AppConfigurationClient } from "@azure/app-configuration";',
      'const settings = new AppConfigurationClient("https://<store>.azconfig.io", credential);',
    ],
    python: [
      "azure-appconfiguration 1",
      "from azure.appconfiguration import AzureAppConfigurationClient",
      'settings = AzureAppConfigurationClient(base_url="https://<store>.azconfig.io", credential=credential)',
    ],
    java: [
      "com.azure:azure-data-appconfiguration 1",
      "import com.azure.data.appconfiguration.ConfigurationClientBuilder;",
      `var settings = new ConfigurationClientBuilder().endpoint("https://<store>.azconfig.io")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Data.AppConfiguration 1",
      "using Azure.Data.AppConfiguration;",
      'var settings = new ConfigurationClient(new Uri("https://<store>.azconfig.io"), credential);',
    ],
    go: [
      `${goSdk}/data/azappconfig 1`,
      `import "${goSdk}/data/azappconfig"`,
      'settings, err := azappconfig.NewClient("https://<store>.azconfig.io", credential, nil)',
    ],
  }),
  openAi: azureSdk("Azure OpenAI resource", "not here", {
    node: [
      "openai 5",
      'import { getBearerTokenProvider } from "@azure/identity";\nimport { AzureOpenAI } from "openai";',
      `const azureADTokenProvider = getBearerTokenProvider(credential, "${cognitiveScope}");
const models = new AzureOpenAI({
  endpoint: "https://<resource>.openai.azure.com",
  apiVersion: "<version>",
  azureADTokenProvider,
});`,
    ],
    python: [
      "openai 2",
      "from azure.identity import get_bearer_token_provider\nfrom openai import AzureOpenAI",
      `models = AzureOpenAI(
    azure_endpoint="https://<resource>.openai.azure.com",
    api_version="<version>",
    azure_ad_token_provider=get_bearer_token_provider(credential, "${cognitiveScope}"),
)`,
    ],
    java: [
      "com.azure:azure-ai-openai 1.0.0-beta",
      "import com.azure.ai.openai.OpenAIClientBuilder;",
      `var models = new OpenAIClientBuilder().endpoint("https://<resource>.openai.azure.com")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.AI.OpenAI 2",
      "using Azure.AI.OpenAI;",
      'var models = new AzureOpenAIClient(new Uri("https://<resource>.openai.azure.com"), credential);',
    ],
    go: [
      "github.com/openai/openai-go 3",
      'import (\n\t"github.com/openai/openai-go/v3"\n\t"github.com/openai/openai-go/v3/azure"\n)',
      `models := openai.NewClient(
	azure.WithEndpoint("https://<resource>.openai.azure.com", "<version>"),
	azure.WithTokenCredential(credential))`,
    ],
  }),
};
