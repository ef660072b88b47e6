/** Clients of Azure's SDK, which all take the credential that finds the pod's identity by itself. */
import type { AzureRoleKindName } from "../src/domain/targets/azureRoles.ts";
import type { Driver, Language, Login } from "./login.ts";

/**
 * A client of Azure's SDK: what it needs and how it is made, with `credential`. `"<NAME>"` stands for a variable of the namespace's
 * ConfigMap (docs/targets.md).
 */
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

/** How each language reads a variable, and what it imports for that. */
const environments: { readonly [L in Language]: { imports?: string; read: (name: string) => string } } = {
  node: { read: (name) => `process.env.${name}` },
  python: { imports: "import os", read: (name) => `os.environ["${name}"]` },
  java: { read: (name) => `System.getenv("${name}")` },
  dotnet: { read: (name) => `Environment.GetEnvironmentVariable("${name}")` },
  go: { imports: 'import "os"', read: (name) => `os.Getenv("${name}")` },
};

/** test/sandbox/driverLines.test.ts */
const inPods = {
  node: "where installed",
  python: "where installed",
  java: "where installed",
  dotnet: "not here",
  go: "where installed",
} as const;

/** `tried`: how, where it is not as usual. */
function azureSdk(
  noun: string,
  clients: { readonly [L in Language]: Client },
  tried: { readonly [L in Language]?: Login["tried"] } = {},
): Driver {
  const loginOf = (language: Language): Login => {
    const [identity, identityImport, credential] = credentials[language];
    const [needs, imported, made] = clients[language];
    const { imports, read } = environments[language];
    const lines = [imports, identityImport, imported, "", credential, made].filter((line) => line !== undefined);
    const withVariables = lines.join("\n").replaceAll(/"<([A-Z_]+)>"/g, (_, name: string) => read(name));
    return { needs: [needs, identity], tried: tried[language] ?? inPods[language], lines: withVariables };
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

export const azureSdkLogins: { readonly [K in AzureRoleKindName | "cosmosNoSql"]: Driver } = {
  storageBlob: azureSdk("Blob container", {
    node: [
      "@azure/storage-blob 12",
      'import { BlobServiceClient } from "@azure/storage-blob";',
      'const blobs = new BlobServiceClient("<STORAGE_BLOB_ENDPOINT>", credential);',
    ],
    python: [
      "azure-storage-blob 12",
      "from azure.storage.blob import BlobServiceClient",
      'blobs = BlobServiceClient("<STORAGE_BLOB_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-storage-blob 12",
      "import com.azure.storage.blob.BlobServiceClientBuilder;",
      `var blobs = new BlobServiceClientBuilder().endpoint("<STORAGE_BLOB_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Storage.Blobs 12",
      "using Azure.Storage.Blobs;",
      'var blobs = new BlobServiceClient(new Uri("<STORAGE_BLOB_ENDPOINT>"), credential);',
    ],
    go: [
      `${goSdk}/storage/azblob 1`,
      `import "${goSdk}/storage/azblob"`,
      'blobs, err := azblob.NewClient("<STORAGE_BLOB_ENDPOINT>", credential, nil)',
    ],
  }),
  storageQueue: azureSdk("Storage queue", {
    node: [
      "@azure/storage-queue 12",
      'import { QueueServiceClient } from "@azure/storage-queue";',
      'const queues = new QueueServiceClient("<STORAGE_QUEUE_ENDPOINT>", credential);',
    ],
    python: [
      "azure-storage-queue 12",
      "from azure.storage.queue import QueueServiceClient",
      'queues = QueueServiceClient("<STORAGE_QUEUE_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-storage-queue 12",
      "import com.azure.storage.queue.QueueServiceClientBuilder;",
      `var queues = new QueueServiceClientBuilder().endpoint("<STORAGE_QUEUE_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Storage.Queues 12",
      "using Azure.Storage.Queues;",
      'var queues = new QueueServiceClient(new Uri("<STORAGE_QUEUE_ENDPOINT>"), credential);',
    ],
    go: [
      `${goSdk}/storage/azqueue 2`,
      `import "${goSdk}/storage/azqueue/v2"`,
      'queues, err := azqueue.NewServiceClient("<STORAGE_QUEUE_ENDPOINT>", credential, nil)',
    ],
  }),
  storageTable: azureSdk("Storage table", {
    node: [
      "@azure/data-tables 13",
      'import { TableClient } from "@azure/data-tables";',
      'const table = new TableClient("<STORAGE_TABLE_ENDPOINT>", "<STORAGE_TABLE_NAME>", credential);',
    ],
    python: [
      "azure-data-tables 12",
      "from azure.data.tables import TableServiceClient",
      'tables = TableServiceClient(endpoint="<STORAGE_TABLE_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-data-tables 12",
      "import com.azure.data.tables.TableServiceClientBuilder;",
      `var tables = new TableServiceClientBuilder().endpoint("<STORAGE_TABLE_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Data.Tables 12",
      "using Azure.Data.Tables;",
      'var tables = new TableServiceClient(new Uri("<STORAGE_TABLE_ENDPOINT>"), credential);',
    ],
    go: [
      `${goSdk}/data/aztables 1`,
      `import "${goSdk}/data/aztables"`,
      'tables, err := aztables.NewServiceClient("<STORAGE_TABLE_ENDPOINT>", credential, nil)',
    ],
  }),
  keyVaultSecrets: azureSdk("Key vault", {
    node: [
      "@azure/keyvault-secrets 4",
      'import { SecretClient } from "@azure/keyvault-secrets";',
      'const secrets = new SecretClient("<KEY_VAULT_ENDPOINT>", credential);',
    ],
    python: [
      "azure-keyvault-secrets 4",
      "from azure.keyvault.secrets import SecretClient",
      'secrets = SecretClient(vault_url="<KEY_VAULT_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-security-keyvault-secrets 4",
      "import com.azure.security.keyvault.secrets.SecretClientBuilder;",
      `var secrets = new SecretClientBuilder().vaultUrl("<KEY_VAULT_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Security.KeyVault.Secrets 4",
      "using Azure.Security.KeyVault.Secrets;",
      'var secrets = new SecretClient(new Uri("<KEY_VAULT_ENDPOINT>"), credential);',
    ],
    go: [
      `${goSdk}/security/keyvault/azsecrets 1`,
      `import "${goSdk}/security/keyvault/azsecrets"`,
      'secrets, err := azsecrets.NewClient("<KEY_VAULT_ENDPOINT>", credential, nil)',
    ],
  }),
  serviceBus: azureSdk(
    "Service Bus queue, topic or namespace",
    {
      node: [
        "@azure/service-bus 7",
        'import { ServiceBusClient } from "@azure/service-bus";',
        'const messages = new ServiceBusClient("<SERVICE_BUS_HOST>", credential);',
      ],
      python: [
        "azure-servicebus 7",
        "from azure.servicebus import ServiceBusClient",
        'messages = ServiceBusClient("<SERVICE_BUS_HOST>", credential)',
      ],
      java: [
        "com.azure:azure-messaging-servicebus 7",
        "import com.azure.messaging.servicebus.ServiceBusClientBuilder;",
        `var sender = new ServiceBusClientBuilder().fullyQualifiedNamespace("<SERVICE_BUS_HOST>")
    .credential(credential).sender().queueName("<SERVICE_BUS_QUEUE>").buildClient();`,
      ],
      dotnet: [
        "Azure.Messaging.ServiceBus 7",
        "using Azure.Messaging.ServiceBus;",
        'await using var messages = new ServiceBusClient("<SERVICE_BUS_HOST>", credential);',
      ],
      go: [
        `${goSdk}/messaging/azservicebus 1`,
        `import "${goSdk}/messaging/azservicebus"`,
        'messages, err := azservicebus.NewClient("<SERVICE_BUS_HOST>", credential, nil)',
      ],
    },
    { dotnet: "by hand" },
  ),
  eventHubs: azureSdk("Event hub", {
    node: [
      "@azure/event-hubs 6",
      'import { EventHubProducerClient } from "@azure/event-hubs";',
      'const producer = new EventHubProducerClient("<EVENT_HUBS_HOST>", "<EVENT_HUBS_HUB>", credential);',
    ],
    python: [
      "azure-eventhub 5",
      "from azure.eventhub import EventHubProducerClient",
      'producer = EventHubProducerClient("<EVENT_HUBS_HOST>", "<EVENT_HUBS_HUB>", credential)',
    ],
    java: [
      "com.azure:azure-messaging-eventhubs 5",
      "import com.azure.messaging.eventhubs.EventHubClientBuilder;",
      `var producer = new EventHubClientBuilder()
    .credential("<EVENT_HUBS_HOST>", "<EVENT_HUBS_HUB>", credential).buildProducerClient();`,
    ],
    dotnet: [
      "Azure.Messaging.EventHubs 5",
      "using Azure.Messaging.EventHubs.Producer;",
      'await using var producer = new EventHubProducerClient("<EVENT_HUBS_HOST>", "<EVENT_HUBS_HUB>", credential);',
    ],
    go: [
      `${goSdk}/messaging/azeventhubs 2`,
      `import "${goSdk}/messaging/azeventhubs/v2"`,
      'producer, err := azeventhubs.NewProducerClient("<EVENT_HUBS_HOST>", "<EVENT_HUBS_HUB>", credential, nil)',
    ],
  }),
  appConfiguration: azureSdk("App Configuration store", {
    node: [
      "@azure/app-configuration 1",
      'import { AppConfigurationClient } from "@azure/app-configuration";',
      'const settings = new AppConfigurationClient("<APP_CONFIGURATION_ENDPOINT>", credential);',
    ],
    python: [
      "azure-appconfiguration 1",
      "from azure.appconfiguration import AzureAppConfigurationClient",
      'settings = AzureAppConfigurationClient(base_url="<APP_CONFIGURATION_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-data-appconfiguration 1",
      "import com.azure.data.appconfiguration.ConfigurationClientBuilder;",
      `var settings = new ConfigurationClientBuilder().endpoint("<APP_CONFIGURATION_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Azure.Data.AppConfiguration 1",
      "using Azure.Data.AppConfiguration;",
      'var settings = new ConfigurationClient(new Uri("<APP_CONFIGURATION_ENDPOINT>"), credential);',
    ],
    go: [
      `${goSdk}/data/azappconfig 1`,
      `import "${goSdk}/data/azappconfig"`,
      'settings, err := azappconfig.NewClient("<APP_CONFIGURATION_ENDPOINT>", credential, nil)',
    ],
  }),
  cosmosNoSql: azureSdk("Cosmos DB for NoSQL account", {
    node: [
      "@azure/cosmos 4",
      'import { CosmosClient } from "@azure/cosmos";',
      'const cosmos = new CosmosClient({ endpoint: "<COSMOS_ENDPOINT>", aadCredentials: credential });',
    ],
    python: [
      "azure-cosmos 4",
      "from azure.cosmos import CosmosClient",
      'cosmos = CosmosClient("<COSMOS_ENDPOINT>", credential=credential)',
    ],
    java: [
      "com.azure:azure-cosmos 4",
      "import com.azure.cosmos.CosmosClientBuilder;",
      `var cosmos = new CosmosClientBuilder().endpoint("<COSMOS_ENDPOINT>")
    .credential(credential).buildClient();`,
    ],
    dotnet: [
      "Microsoft.Azure.Cosmos 3",
      "using Microsoft.Azure.Cosmos;",
      'var cosmos = new CosmosClient("<COSMOS_ENDPOINT>", credential);',
    ],
    go: [
      `${goSdk}/data/azcosmos 1`,
      `import "${goSdk}/data/azcosmos"`,
      'cosmos, err := azcosmos.NewClient("<COSMOS_ENDPOINT>", credential, nil)',
    ],
  }),
  openAi: azureSdk("Azure OpenAI resource", {
    node: [
      "openai 7",
      'import { getBearerTokenProvider } from "@azure/identity";\nimport { AzureOpenAI } from "openai";',
      `const azureADTokenProvider = getBearerTokenProvider(credential, "${cognitiveScope}");
const models = new AzureOpenAI({
  endpoint: "<AZURE_OPENAI_ENDPOINT>",
  apiVersion: "2024-10-21",
  azureADTokenProvider,
});`,
    ],
    python: [
      "openai 3",
      "from azure.identity import get_bearer_token_provider\nfrom openai import AzureOpenAI",
      `models = AzureOpenAI(
    azure_endpoint="<AZURE_OPENAI_ENDPOINT>",
    api_version="2024-10-21",
    azure_ad_token_provider=get_bearer_token_provider(credential, "${cognitiveScope}"),
)`,
    ],
    java: [
      "com.openai:openai-java 4",
      `import com.azure.core.credential.TokenRequestContext;
import com.openai.azure.AzureOpenAIServiceVersion;
import com.openai.azure.AzureUrlPathMode;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.credential.BearerTokenCredential;`,
      `var cognitive = new TokenRequestContext().addScopes("${cognitiveScope}");
var models = OpenAIOkHttpClient.builder().baseUrl("<AZURE_OPENAI_ENDPOINT>")
    .azureServiceVersion(AzureOpenAIServiceVersion.fromString("2024-10-21")).azureUrlPathMode(AzureUrlPathMode.LEGACY)
    .credential(BearerTokenCredential.create(() -> credential.getTokenSync(cognitive).getToken()))
    .build();`,
    ],
    dotnet: [
      "Azure.AI.OpenAI 2",
      "using Azure.AI.OpenAI;",
      'var models = new AzureOpenAIClient(new Uri("<AZURE_OPENAI_ENDPOINT>"), credential);',
    ],
    go: [
      "github.com/openai/openai-go 3",
      'import "github.com/openai/openai-go/v3"\nimport "github.com/openai/openai-go/v3/azure"',
      `models := openai.NewClient(
	azure.WithEndpoint("<AZURE_OPENAI_ENDPOINT>", "2024-10-21"),
	azure.WithTokenCredential(credential))`,
    ],
  }),
};
