/** What a program does after the lines of docs/drivers.md, with what they log in to; each prints `moored`. */
import { drivers } from "../../../clients/drivers.ts";
import type { TargetRequest } from "../../../src/domain/targets/namedTarget.ts";

export type Ran = "node" | "python" | "java" | "go";

type Change = readonly [from: string, to: string];

interface Use extends Partial<Record<Ran, string>> {
  /** Of the sandbox's catalog; undefined for its database. */
  readonly target?: string;
  readonly access?: TargetRequest["access"];
  /** What the sandbox needs in the lines, and Azure does not. */
  readonly here?: Partial<Record<Ran, readonly Change[]>>;
}

/** Node's and Python's lines for databases run elsewhere (walkThrough.test.ts, postgres.test.ts). */
const inJava = `try (var rows = database.createStatement().executeQuery("SELECT 'moored'")) {
  rows.next();
  System.out.println(rows.getString(1));
}`;

/** What Python's clients of AMQP need for an address of their own, over plain AMQP, and with an authority that no machine trusts. */
const besides = (variable: string) =>
  `transport_type=TransportType.Amqp, connection_verify=os.environ["SSL_CERT_FILE"], custom_endpoint_address=os.environ["${variable}"]`;

/** Java knows no `sb:`, and Go takes none. */
const addressInJava = (variable: string) => `var address = System.getenv("${variable}").replace("sb:", "https:");`;
const addressInGo = (variable: string) => `strings.TrimPrefix(os.Getenv("${variable}"), "sb://")`;

const uses = {
  sqlDatabase: {
    java: inJava,
    go: `var said string
check(database.QueryRow("SELECT 'moored'").Scan(&said))
fmt.Println(said)`,
    // The sandbox's authority is none that the library knows, and it would ask Microsoft about it.
    here: { go: [["ActiveDirectoryDefault", "ActiveDirectoryDefault;disableinstancediscovery=true"]] },
  },
  postgresql: {
    ...{ target: "ledger", access: ["read"] },
    python: `print(database.execute("SELECT 'moored'").fetchone()[0])`,
    java: inJava,
    go: `var said string
check(pool.QueryRow(ctx, "SELECT 'moored'").Scan(&said))
fmt.Println(said)`,
  },
  storageBlob: {
    ...{ target: "uploads", access: ["write"] },
    node: `const container = blobs.getContainerClient(process.env.STORAGE_BLOB_CONTAINER);
await container.uploadBlockBlob("node.txt", "moored", 6);
console.log((await container.getBlobClient("node.txt").downloadToBuffer()).toString());`,
    python: `container = blobs.get_container_client(os.environ["STORAGE_BLOB_CONTAINER"])
container.upload_blob("python.txt", b"moored")
print(container.download_blob("python.txt").readall().decode())`,
    java: `var blob = blobs.getBlobContainerClient(System.getenv("STORAGE_BLOB_CONTAINER")).getBlobClient("java.txt");
blob.upload(BinaryData.fromString("moored"));
System.out.println(blob.downloadContent().toString());`,
    go: `container := os.Getenv("STORAGE_BLOB_CONTAINER")
_, err = blobs.UploadBuffer(ctx, container, "go.txt", []byte("moored"), nil)
check(err)
bytes := make([]byte, 6)
_, err = blobs.DownloadBuffer(ctx, container, "go.txt", bytes, nil)
check(err)
fmt.Println(string(bytes))`,
  },
  storageQueue: {
    ...{ target: "jobs", access: ["write"] },
    node: `const queue = queues.getQueueClient(process.env.STORAGE_QUEUE_NAME);
await queue.sendMessage("moored");
console.log((await queue.peekMessages()).peekedMessageItems.at(-1).messageText);`,
    python: `queue = queues.get_queue_client(os.environ["STORAGE_QUEUE_NAME"])
queue.send_message("moored")
print(queue.peek_messages()[-1].content)`,
    java: `var queue = queues.getQueueClient(System.getenv("STORAGE_QUEUE_NAME"));
queue.sendMessage("moored");
for (var message : queue.peekMessages(32, null, null)) System.out.println(message.getBody());`,
    go: `queue := queues.NewQueueClient(os.Getenv("STORAGE_QUEUE_NAME"))
_, err = queue.EnqueueMessage(ctx, "moored", nil)
check(err)
peeked, err := queue.PeekMessage(ctx, nil)
check(err)
fmt.Println(*peeked.Messages[0].MessageText)`,
  },
  storageTable: {
    ...{ target: "sessions", access: ["write"] },
    node: `await table.createEntity({ partitionKey: "node", rowKey: "1", said: "moored" });
for await (const { said } of table.listEntities({ queryOptions: { filter: "PartitionKey eq 'node'" } })) console.log(said);`,
    python: `table = tables.get_table_client(os.environ["STORAGE_TABLE_NAME"])
table.create_entity({"PartitionKey": "python", "RowKey": "1", "said": "moored"})
for entity in table.query_entities("PartitionKey eq 'python'"):
    print(entity["said"])`,
    java: `var table = tables.getTableClient(System.getenv("STORAGE_TABLE_NAME"));
table.createEntity(new TableEntity("java", "1").addProperty("said", "moored"));
System.out.println(table.getEntity("java", "1").getProperty("said"));`,
    go: `table := tables.NewClient(os.Getenv("STORAGE_TABLE_NAME"))
_, err = table.AddEntity(ctx, []byte(\`{"PartitionKey":"go","RowKey":"1","said":"moored"}\`), nil)
check(err)
found, err := table.GetEntity(ctx, "go", "1", nil)
check(err)
var entity aztables.EDMEntity
check(json.Unmarshal(found.Value, &entity))
fmt.Println(entity.Properties["said"])`,
  },
  keyVaultSecrets: {
    ...{ target: "secrets", access: ["read"] },
    node: `console.log((await secrets.getSecret("greeting")).value);`,
    python: `print(secrets.get_secret("greeting").value)`,
    java: `System.out.println(secrets.getSecret("greeting").getValue());`,
    go: `secret, err := secrets.GetSecret(ctx, "greeting", "", nil)
check(err)
fmt.Println(*secret.Value)`,
    // Its vault is not below the domain of the resource for which it asks for tokens.
    here: {
      node: [[", credential)", ", credential, { disableChallengeResourceVerification: true })"]],
      python: [["credential=credential)", "credential=credential, verify_challenge_resource=False)"]],
      java: [[".credential(", ".disableChallengeResourceVerification().credential("]],
      go: [
        [", credential, nil)", ", credential, &azsecrets.ClientOptions{DisableChallengeResourceVerification: true})"],
      ],
    },
  },
  cosmosNoSql: {
    ...{ target: "carts", access: ["write"] },
    node: `const { items } = cosmos.database(process.env.COSMOS_DATABASE).container(process.env.COSMOS_CONTAINER);
console.log((await items.create({ id: "node", said: "moored" })).resource.said);`,
    python: `container = cosmos.get_database_client(os.environ["COSMOS_DATABASE"]).get_container_client(os.environ["COSMOS_CONTAINER"])
print(container.create_item({"id": "python", "said": "moored"})["said"])`,
    java: `var container = cosmos.getDatabase(System.getenv("COSMOS_DATABASE")).getContainer(System.getenv("COSMOS_CONTAINER"));
var item = Map.of("id", "java", "said", "moored");
System.out.println(container.createItem(item).getItem().get("said"));
cosmos.close();`,
    go: `container, err := cosmos.NewContainer(os.Getenv("COSMOS_DATABASE"), os.Getenv("COSMOS_CONTAINER"))
check(err)
item := []byte(\`{"id":"go","said":"moored"}\`)
_, err = container.CreateItem(ctx, azcosmos.NewPartitionKeyString("go"), item, nil)
check(err)
created, err := container.ReadItem(ctx, azcosmos.NewPartitionKeyString("go"), "go", nil)
check(err)
var said struct{ Said string }
check(json.Unmarshal(created.Value, &said))
fmt.Println(said.Said)`,
    // In direct mode, it would look for the replicas of an account.
    here: { java: [[".credential(", ".gatewayMode().credential("]] },
  },
  serviceBus: {
    ...{ target: "invoices", access: ["send", "receive"] },
    node: `const topic = process.env.SERVICE_BUS_TOPIC;
await messages.createSender(topic).sendMessages({ body: "moored" });
const [message] = await messages.createReceiver(topic, "all", { receiveMode: "receiveAndDelete" }).receiveMessages(1);
console.log(message.body);
await messages.close();`,
    python: `from azure.servicebus import ServiceBusMessage
topic = os.environ["SERVICE_BUS_TOPIC"]
with messages:
    messages.get_topic_sender(topic).send_messages(ServiceBusMessage("moored"))
    receiver = messages.get_subscription_receiver(topic, "all", receive_mode="receiveanddelete")
    print(str(receiver.receive_messages(max_wait_time=10)[0]))`,
    java: `sender.sendMessage(new ServiceBusMessage("moored"));
sender.close();
var receiver = new ServiceBusClientBuilder().fullyQualifiedNamespace(System.getenv("SERVICE_BUS_HOST"))
    .customEndpointAddress(address).credential(credential).receiver().topicName(topic).subscriptionName("all")
    .receiveMode(ServiceBusReceiveMode.RECEIVE_AND_DELETE).buildClient();
System.out.println(receiver.receiveMessages(1).iterator().next().getBody());
receiver.close();`,
    go: `topic := os.Getenv("SERVICE_BUS_TOPIC")
sender, err := messages.NewSender(topic, nil)
check(err)
check(sender.SendMessage(ctx, &azservicebus.Message{Body: []byte("moored")}, nil))
receiver, err := messages.NewReceiverForSubscription(topic, "all", &azservicebus.ReceiverOptions{ReceiveMode: azservicebus.ReceiveModeReceiveAndDelete})
check(err)
received, err := receiver.ReceiveMessages(ctx, 1, nil)
check(err)
fmt.Println(string(received[0].Body))`,
    // No name in Azure leads to its namespace.
    here: {
      node: [
        [", credential)", ", credential, { customEndpointAddress: process.env.SERVICE_BUS_CUSTOM_ENDPOINT_SB_DEV })"],
      ],
      python: [
        ["import ServiceBusClient", "import ServiceBusClient, TransportType"],
        ['"], credential)', `"], credential, ${besides("SERVICE_BUS_CUSTOM_ENDPOINT_SB_DEV")})`],
      ],
      java: [
        [
          "var credential",
          `${addressInJava("SERVICE_BUS_CUSTOM_ENDPOINT_SB_DEV")}\nvar topic = System.getenv("SERVICE_BUS_TOPIC");\nvar credential`,
        ],
        [".credential(credential)", ".customEndpointAddress(address).credential(credential)"],
        // The sandbox's target is a topic.
        ['.queueName(System.getenv("SERVICE_BUS_QUEUE"))', ".topicName(topic)"],
      ],
      go: [
        [
          ", credential, nil)",
          `, credential, &azservicebus.ClientOptions{CustomEndpoint: ${addressInGo("SERVICE_BUS_CUSTOM_ENDPOINT_SB_DEV")}})`,
        ],
      ],
    },
  },
  eventHubs: {
    ...{ target: "clicks", access: ["send", "receive"] },
    node: `await producer.sendBatch([{ body: "moored" }], { partitionId: "0" });
await producer.close();
const { EventHubConsumerClient, earliestEventPosition } = await import("@azure/event-hubs");
const { EVENT_HUBS_HOST: host, EVENT_HUBS_HUB: hub, EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV: customEndpointAddress } = process.env;
const consumer = new EventHubConsumerClient("$Default", host, hub, credential, { customEndpointAddress });
await new Promise((resolve, reject) => {
  const processEvents = async ([event]) => {
    if (event) resolve(console.log(event.body));
  };
  const handlers = { processEvents, processError: async (error) => reject(error) };
  consumer.subscribe("0", handlers, { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 });
});
await consumer.close();`,
    python: `from azure.eventhub import EventData, EventHubConsumerClient
with producer:
    batch = producer.create_batch(partition_id="1")
    batch.add(EventData("moored"))
    producer.send_batch(batch)
consumer = EventHubConsumerClient(os.environ["EVENT_HUBS_HOST"], os.environ["EVENT_HUBS_HUB"], "$Default", credential, ${besides("EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV")})
def show(context, event):
    print(event.body_as_str())
    consumer.close()
consumer.receive(show, partition_id="1", starting_position="-1")`,
    java: `var batch = producer.createBatch(new CreateBatchOptions().setPartitionId("1"));
batch.tryAdd(new EventData("moored"));
producer.send(batch);
producer.close();
var consumer = new EventHubClientBuilder().customEndpointAddress(address).consumerGroup("$Default")
    .credential(System.getenv("EVENT_HUBS_HOST"), System.getenv("EVENT_HUBS_HUB"), credential).buildConsumerClient();
for (var read : consumer.receiveFromPartition("1", 1, EventPosition.earliest(), Duration.ofSeconds(20)))
  System.out.println(read.getData().getBodyAsString());
consumer.close();`,
    go: `partition := "1"
batch, err := producer.NewEventDataBatch(ctx, &azeventhubs.EventDataBatchOptions{PartitionID: &partition})
check(err)
check(batch.AddEventData(&azeventhubs.EventData{Body: []byte("moored")}, nil))
check(producer.SendEventDataBatch(ctx, batch, nil))
consumer, err := azeventhubs.NewConsumerClient(os.Getenv("EVENT_HUBS_HOST"), os.Getenv("EVENT_HUBS_HUB"), "$Default", credential, &azeventhubs.ConsumerClientOptions{CustomEndpoint: address})
check(err)
earliest := true
reader, err := consumer.NewPartitionClient(partition, &azeventhubs.PartitionClientOptions{StartPosition: azeventhubs.StartPosition{Earliest: &earliest}})
check(err)
events, err := reader.ReceiveEvents(ctx, 1, nil)
check(err)
fmt.Println(string(events[0].Body))`,
    here: {
      node: [
        [", credential)", ", credential, { customEndpointAddress: process.env.EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV })"],
      ],
      python: [
        ["import EventHubProducerClient", "import EventHubProducerClient, TransportType"],
        ['"], credential)', `"], credential, ${besides("EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV")})`],
      ],
      java: [
        ["var credential", `${addressInJava("EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV")}\nvar credential`],
        ["new EventHubClientBuilder()", "new EventHubClientBuilder().customEndpointAddress(address)"],
      ],
      go: [
        ["credential, err", `address := ${addressInGo("EVENT_HUBS_CUSTOM_ENDPOINT_EH_DEV")}\ncredential, err`],
        [", credential, nil)", ", credential, &azeventhubs.ProducerClientOptions{CustomEndpoint: address})"],
      ],
    },
  },
  appConfiguration: {
    ...{ target: "settings", access: ["read"] },
    node: `console.log((await settings.getConfigurationSetting({ key: "greeting" })).value);`,
    python: `print(settings.get_configuration_setting("greeting").value)`,
    java: `System.out.println(settings.getConfigurationSetting("greeting", null).getValue());`,
    go: `setting, err := settings.GetSetting(ctx, "greeting", nil)
check(err)
fmt.Println(*setting.Value)`,
  },
  openAi: {
    ...{ target: "gpt", access: ["use"] },
    node: `const { choices } = await models.chat.completions.create({
  model: "chat",
  messages: [{ role: "user", content: "moored" }],
});
console.log(choices[0].message.content);`,
    python: `answer = models.chat.completions.create(model="chat", messages=[{"role": "user", "content": "moored"}])
print(answer.choices[0].message.content)`,
    java: `var asked = ChatCompletionCreateParams.builder().model("chat").addUserMessage("moored").build();
System.out.println(models.chat().completions().create(asked).choices().get(0).message().content().get());
models.close();`,
    go: `answer, err := models.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
	Model:    "chat",
	Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("moored")},
})
check(err)
fmt.Println(answer.Choices[0].Message.Content)`,
  },
} satisfies Readonly<Record<string, Use>>;
type Kind = keyof typeof uses;

export interface Program {
  readonly kind: Kind;
  readonly language: Ran;
  /** As an image is named. */
  readonly name: string;
}

export function programsIn(language: Ran): readonly Program[] {
  return (Object.keys(uses) as Kind[]).flatMap((kind) => {
    const use: Use = uses[kind];
    return use[language] === undefined ? [] : [{ kind, language, name: `${language}-${kind.toLowerCase()}` }];
  });
}

/** What the namespace asks for. */
export function targets(hasPostgres: boolean): readonly TargetRequest[] {
  return Object.entries(uses as Readonly<Record<string, Use>>).flatMap(([kind, { target, access }]) =>
    target === undefined || access === undefined || (kind === "postgresql" && !hasPostgres) ? [] : [{ target, access }],
  );
}

/** The sandbox's authority, which no machine trusts. */
const trust = `import os\nfor name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
    os.environ[name] = os.environ["NODE_EXTRA_CA_CERTS"]\n`;

/** Entra of the sandbox is none that Azure Identity knows: it would ask Microsoft about it, and Go's would go no further. Python's does not ask. */
const withoutDiscovery: Readonly<Partial<Record<Ran, Change>>> = {
  node: ["new DefaultAzureCredential()", "new DefaultAzureCredential({ disableInstanceDiscovery: true })"],
  java: [
    "DefaultAzureCredentialBuilder().build()",
    "DefaultAzureCredentialBuilder().disableInstanceDiscovery().build()",
  ],
  go: [
    "NewDefaultAzureCredential(nil)",
    "NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{DisableInstanceDiscovery: true})",
  ],
};

function loginOf({ kind, language }: Program): string {
  const { here }: Use = uses[kind];
  const discovery = withoutDiscovery[language];
  const changes = [...(here?.[language] ?? []), ...(discovery ? [discovery] : [])];
  return changes.reduce((lines, [from, to]) => lines.replace(from, to), drivers[kind].logins[language].lines);
}

/** A script of Node or Python. */
export function linesOf(program: Program): string {
  const { [program.language]: use }: Use = uses[program.kind];
  return `${program.language === "python" ? trust : ""}${loginOf(program)}\n${use}\n`;
}

/** The versions that run. */
export const javaPackages = [
  "com.azure:azure-cosmos:4.81.0",
  "com.azure:azure-data-appconfiguration:1.8.5",
  "com.azure:azure-data-tables:12.5.9",
  "com.azure:azure-identity:1.19.0",
  "com.azure:azure-identity-extensions:1.2.9",
  "com.azure:azure-messaging-eventhubs:5.21.5",
  "com.azure:azure-messaging-servicebus:7.17.20",
  "com.azure:azure-security-keyvault-secrets:4.11.1",
  "com.azure:azure-storage-blob:12.37.2",
  "com.azure:azure-storage-queue:12.29.0",
  "com.openai:openai-java:4.101.0",
  "com.microsoft.sqlserver:mssql-jdbc:13.6.2.jre11",
  "org.postgresql:postgresql:42.7.14",
  "org.slf4j:slf4j-nop:1.7.36",
];

/** What the lines and their uses do not import. */
const packagesInJava = [
  "com.azure.core.util",
  "com.azure.data.tables.models",
  "com.azure.messaging.eventhubs",
  "com.azure.messaging.eventhubs.models",
  "com.azure.messaging.servicebus",
  "com.azure.messaging.servicebus.models",
  "com.openai.models.chat.completions",
  "java.time",
  "java.util",
];

export function javaClassOf(program: Program): string {
  const lines = loginOf(program).split("\n");
  const isImport = (line: string) => line.startsWith("import ");
  const { java: use = "" }: Use = uses[program.kind];
  return `${lines.filter(isImport).join("\n")}
${packagesInJava.map((name) => `import ${name}.*;`).join("\n")}
import java.sql.Connection;
import java.sql.DriverManager;

public class ${program.kind} {
  public static void main(String[] args) throws Exception {
    ${lines.filter((line) => !isImport(line)).join("\n")}
    ${use}
  }
}
`;
}

/**
 * Java trusts what is in a store of its own, which the first pod makes in the folder. Programs as short as these gain nothing from
 * the second compiler, or from garbage collection in threads of its own.
 */
export function javaCommandOf({ kind }: Program, { classPath, folder }: { classPath: string; folder: string }) {
  const store = '"$1/trust"';
  const script = `test -f ${store} ||
  keytool -importcert -noprompt -alias sandbox -file "$NODE_EXTRA_CA_CERTS" -keystore ${store} -storepass changeit 2>/dev/null
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \\
  -Djavax.net.ssl.trustStore=${store} -Djavax.net.ssl.trustStorePassword=changeit -cp "$0" ${kind}`;
  return ["-c", script, classPath, folder];
}

/** The same of Go. */
export const goModules = [
  "github.com/Azure/azure-sdk-for-go/sdk/azcore v1.23.3",
  "github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0",
  "github.com/Azure/azure-sdk-for-go/sdk/data/azappconfig v1.2.0",
  "github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos v1.4.1",
  "github.com/Azure/azure-sdk-for-go/sdk/data/aztables v1.4.1",
  "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2 v2.0.2",
  "github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus v1.11.0",
  "github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets v1.5.1",
  "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob v1.8.3",
  "github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2 v2.1.2",
  "github.com/jackc/pgx/v5 v5.13.0",
  "github.com/microsoft/go-mssqldb v1.11.2",
  "github.com/openai/openai-go/v3 v3.98.0",
];

/** What the lines use and do not import. */
const goPackages: Readonly<Record<string, string>> = {
  azidentity: "github.com/Azure/azure-sdk-for-go/sdk/azidentity",
  context: "context",
  fmt: "fmt",
  json: "encoding/json",
  os: "os",
  pgx: "github.com/jackc/pgx/v5",
  pgxpool: "github.com/jackc/pgx/v5/pgxpool",
  policy: "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy",
  sql: "database/sql",
  strings: "strings",
};

/** A program around the lines, which leave what fails to the reader. */
export function goProgramOf(program: Program): string {
  const lines = loginOf(program).split("\n");
  const isImport = (line: string) => line.startsWith("import ");
  const { go: use = "" }: Use = uses[program.kind];
  const rest = [...lines.filter((line) => !isImport(line)), "check(err)", use].join("\n");
  const body = [
    'os.Setenv("SSL_CERT_FILE", os.Getenv("NODE_EXTRA_CA_CERTS"))',
    ...(/\bctx\b/.test(rest) ? ["ctx := context.Background()"] : []),
    rest,
  ].join("\n");
  const imported = new Set(lines.filter(isImport));
  for (const [name, path] of Object.entries(goPackages))
    if (new RegExp(`\\b${name}\\.`).test(body)) imported.add(`import "${path}"`);
  return `package main

${[...imported].join("\n")}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	${body}
}
`;
}
