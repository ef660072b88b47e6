/**
 * How an application logs in to what a namespace reaches: for each kind of target and each language, the lines, the versions from which
 * they hold, and whether a test runs them. The same lines work in both identity modes.
 */
import type { OnboardingRequest } from "../src/domain/request/request.ts";
import type { TargetEntry } from "../src/domain/targets/namedTarget.ts";

export const languages = ["node", "python", "java", "dotnet", "go"] as const;
export type Language = (typeof languages)[number];

export const languageNames: { readonly [L in Language]: string } = {
  node: "Node.js",
  python: "Python",
  java: "Java",
  dotnet: ".NET",
  go: "Go",
};

export interface Login {
  /** The packages, with the versions from which the lines hold. */
  readonly needs: readonly string[];
  readonly lines: string;
  /** How the lines were tried. */
  readonly tried: "every run" | "where installed" | "by hand" | "not here";
}

interface Driver {
  /** In the singular, for people. */
  readonly noun: string;
  readonly logins: { readonly [L in Language]: Login };
}

const sqlDatabase: Driver = {
  noun: "Azure SQL database",
  logins: {
    node: {
      needs: ["mssql 12", "@azure/identity 4.14"],
      tried: "every run",
      lines: `import { DefaultAzureCredential } from "@azure/identity";
import sql from "mssql";

const [server, port = "1433"] = process.env.SERVER_NAME.split(",");
const credential = new DefaultAzureCredential({ disableInstanceDiscovery: true });
const pool = await sql.connect({
  server,
  port: Number(port),
  database: process.env.DATABASE_NAME,
  authentication: { type: "token-credential", options: { credential } },
  options: { encrypt: true },
});`,
    },
    python: {
      needs: ["mssql-python 1.16", "azure-identity 1.27"],
      tried: "where installed",
      lines: `import os
import mssql_python

database = mssql_python.connect(
    f"Server=tcp:{os.environ['SERVER_NAME']};Database={os.environ['DATABASE_NAME']};"
    "Encrypt=yes;Authentication=ActiveDirectoryDefault;"
)`,
    },
    java: {
      needs: ["com.microsoft.sqlserver:mssql-jdbc 13.6", "com.azure:azure-identity 1.19"],
      tried: "by hand",
      lines: `String[] server = System.getenv("SERVER_NAME").split(",");
String url = "jdbc:sqlserver://" + server[0] + ":" + (server.length > 1 ? server[1] : "1433")
    + ";databaseName=" + System.getenv("DATABASE_NAME")
    + ";encrypt=true;loginTimeout=60;authentication=ActiveDirectoryDefault";
Connection database = DriverManager.getConnection(url);`,
    },
    dotnet: {
      needs: ["Microsoft.Data.SqlClient 6"],
      tried: "not here",
      lines: `var server = Environment.GetEnvironmentVariable("SERVER_NAME");
var name = Environment.GetEnvironmentVariable("DATABASE_NAME");
await using var database = new SqlConnection(
    $"Server=tcp:{server};Database={name};Encrypt=True;Authentication=Active Directory Default");
await database.OpenAsync();`,
    },
    go: {
      needs: ["github.com/microsoft/go-mssqldb 1.11"],
      tried: "by hand",
      lines: `import "github.com/microsoft/go-mssqldb/azuread"

database, err := sql.Open(azuread.DriverName, fmt.Sprintf(
	"server=%s;database=%s;encrypt=true;fedauth=ActiveDirectoryDefault",
	os.Getenv("SERVER_NAME"), os.Getenv("DATABASE_NAME")))`,
    },
  },
};

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

const storageBlob = azureSdk("Blob container", "not here", {
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
});

const storageQueue = azureSdk("Storage queue", "not here", {
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
});

const storageTable = azureSdk("Storage table", "not here", {
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
});

const keyVaultSecrets = azureSdk("Key vault", "not here", {
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
});

const serviceBus = azureSdk("Service Bus queue, topic or namespace", "by hand", {
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
});

const eventHubs = azureSdk("Event hub", "not here", {
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
});

const appConfiguration = azureSdk("App Configuration store", "not here", {
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
});

const cognitiveScope = "https://cognitiveservices.azure.com/.default";

const openAi = azureSdk("Azure OpenAI resource", "not here", {
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
});

const postgresScope = "https://ossrdbms-aad.database.windows.net/.default";

/** The password is a token, and a driver that asks for it again gets a fresh one. The role's name is the identity's, cut to 63 bytes. */
const postgresql: Driver = {
  noun: "PostgreSQL schema",
  logins: {
    node: {
      needs: ["pg 8", "@azure/identity 4.14"],
      tried: "every run",
      lines: `import { DefaultAzureCredential } from "@azure/identity";
import pg from "pg";

const credential = new DefaultAzureCredential({ disableInstanceDiscovery: true });
const pool = new pg.Pool({
  host: "<server>.postgres.database.azure.com",
  port: 5432,
  database: "<database>",
  user: "<role>",
  password: async () => (await credential.getToken("${postgresScope}")).token,
  ssl: true,
});`,
    },
    python: {
      needs: ["psycopg 3.2", "azure-identity 1.27"],
      tried: "not here",
      lines: `import psycopg
from azure.identity import DefaultAzureCredential

credential = DefaultAzureCredential()
database = psycopg.connect(
    host="<server>.postgres.database.azure.com",
    dbname="<database>",
    user="<role>",
    password=credential.get_token("${postgresScope}").token,
    sslmode="verify-full",
    sslrootcert="system",
)`,
    },
    java: {
      needs: ["pgjdbc 42.7", "com.azure:azure-identity-extensions 1.2"],
      tried: "not here",
      lines: `String url = "jdbc:postgresql://<server>.postgres.database.azure.com:5432/<database>?user=<role>&sslmode=require"
    + "&authenticationPluginClassName=com.azure.identity.extensions.jdbc.postgresql.AzurePostgresqlAuthenticationPlugin";
Connection database = DriverManager.getConnection(url);`,
    },
    dotnet: {
      needs: ["Npgsql 9", "Azure.Identity 1.17"],
      tried: "not here",
      lines: `var credential = new DefaultAzureCredential();
var scope = new TokenRequestContext(["${postgresScope}"]);
var builder = new NpgsqlDataSourceBuilder(
    "Host=<server>.postgres.database.azure.com;Database=<database>;Username=<role>;SSL Mode=VerifyFull");
builder.UsePasswordProvider(
    _ => credential.GetToken(scope).Token,
    async (_, cancel) => (await credential.GetTokenAsync(scope, cancel)).Token);
await using var pool = builder.Build();`,
    },
    go: {
      needs: ["github.com/jackc/pgx/v5", "github.com/Azure/azure-sdk-for-go/sdk/azidentity 1.15"],
      tried: "not here",
      lines: `credential, err := azidentity.NewDefaultAzureCredential(nil)
config, err := pgxpool.ParseConfig(
	"host=<server>.postgres.database.azure.com dbname=<database> user=<role> sslmode=verify-full")
config.BeforeConnect = func(ctx context.Context, connection *pgx.ConnConfig) error {
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"${postgresScope}"}})
	connection.Password = token.Token
	return err
}
pool, err := pgxpool.NewWithConfig(ctx, config)`,
    },
  },
};

type Kind = "sqlDatabase" | TargetEntry["kind"];

export const drivers: { readonly [K in Kind]: Driver } = {
  sqlDatabase,
  storageBlob,
  storageQueue,
  storageTable,
  keyVaultSecrets,
  serviceBus,
  eventHubs,
  appConfiguration,
  openAi,
  postgresql,
};

/** What an application sees when it cannot log in, and where to look. */
export const symptoms: readonly (readonly [seen: string, look: string])[] = [
  [
    "`Login failed for user '<token-identified principal>'` (18456)",
    "The identity has no user in the database, or one with another SID. `mooring verify` says which; `mooring repair` fixes it.",
  ],
  [
    "`AADSTS700213`, `AADSTS700211`: no matching federated identity record",
    "The pod runs under another service account or namespace, or the cluster's issuer has changed. Compare `serviceAccountName` with `mooring manifest`.",
  ],
  [
    "`AADSTS700016`: application was not found",
    "The service account has the client ID of an earlier identity: `mooring repair`.",
  ],
  [
    "no `AZURE_CLIENT_ID` in the container",
    'The pod lacks the label `azure.workload.identity/use: "true"`, or was created before its service account was annotated: restart it.',
  ],
  [
    "no managed identity endpoint (pod identity)",
    "The pod lacks the label `aadpodidbinding`, or its AzureIdentityBinding has another selector. Compare both with `mooring manifest`.",
  ],
  ["`Cannot open database` (4060)", "The name is wrong, or the user has no CONNECT: `mooring verify`."],
  [
    "PostgreSQL: `Service principal oid mismatch for role`, or `password authentication failed` (28P01)",
    "The role lets in another identity, or is not there, or the user is not the role's name (the identity's, cut to 63 bytes): `mooring verify`, then `mooring repair`.",
  ],
  [
    "PostgreSQL: `The access token has expired`, or has no valid audience claim",
    "The driver keeps a token for a password: give it what fetches one, for the resource `https://ossrdbms-aad.database.windows.net`.",
  ],
  ["40615, or no answer", "The server's firewall or the network: Mooring does not open either."],
];

const comments: { readonly [L in Language]: string } = { node: "//", python: "#", java: "//", dotnet: "//", go: "//" };

interface Listed {
  readonly name: string;
  readonly kind: string;
}

/** The kinds of what a namespace reaches; the catalog says of which kind a target is. */
export function kindsIn(
  { databases, targets = [] }: Pick<OnboardingRequest, "databases" | "targets">,
  listed: readonly Listed[],
): readonly Kind[] {
  const named = targets.flatMap(({ target }) => listed.find(({ name }) => name === target)?.kind ?? []);
  const kinds = new Set([...(databases.length > 0 ? ["sqlDatabase"] : []), ...named]);
  return (Object.keys(drivers) as Kind[]).filter((kind) => kinds.has(kind));
}

/** Lines to paste, for each of the kinds. */
export function printLogins(language: Language, kinds: readonly Kind[]): string {
  return kinds
    .map((kind) => {
      const { noun, logins } = drivers[kind];
      const { needs, lines } = logins[language];
      return `${comments[language]} ${noun}: ${needs.join(", ")} or later\n${lines}\n`;
    })
    .join("\n");
}
