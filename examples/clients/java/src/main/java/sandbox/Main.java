package sandbox;

import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.core.management.AzureEnvironment;
import com.azure.core.management.profile.AzureProfile;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import com.azure.messaging.servicebus.ServiceBusClientBuilder;
import com.azure.messaging.servicebus.ServiceBusException;
import com.azure.messaging.servicebus.ServiceBusMessage;
import com.azure.messaging.servicebus.ServiceBusReceivedMessage;
import com.azure.messaging.servicebus.ServiceBusReceiverClient;
import com.azure.messaging.servicebus.models.DeadLetterOptions;
import com.azure.messaging.servicebus.models.SubQueue;
import com.azure.resourcemanager.msi.MsiManager;
import com.azure.resourcemanager.msi.fluent.models.FederatedIdentityCredentialInner;
import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What Java's clients do on the sandbox: tokens, Azure Resource Manager, SQL, Service Bus, Kubernetes. */
public final class Main {
  private static final Map<String, String> ENV = System.getenv();

  public static void main(String[] args) throws Exception {
    List<String> parts = args.length > 0 ? List.of(args) : List.of("arm", "sql", "service-bus", "kubernetes");
    for (String part : parts) {
      switch (part) {
        case "arm" -> resourceManager();
        case "sql" -> sql();
        case "service-bus" -> serviceBus();
        default -> cluster();
      }
    }
    System.exit(0);
  }

  private static void say(Object... values) {
    System.out.println(String.join(" ", java.util.Arrays.stream(values).map(String::valueOf).toList()));
  }

  /** A principal of the sandbox, by its client id. */
  private static TokenCredential identity(String name) {
    return new ManagedIdentityCredentialBuilder().clientId(ENV.get("SANDBOX_" + name + "_CLIENT_ID")).build();
  }

  private static void resourceManager() throws IOException {
    Map<String, String> endpoints = new HashMap<>(AzureEnvironment.AZURE.getEndpoints());
    endpoints.put("resourceManagerEndpointUrl", ENV.get("SANDBOX_ARM_ENDPOINT"));
    endpoints.put("managementEndpointUrl", "https://management.azure.com");
    endpoints.put("activeDirectoryEndpointUrl", ENV.get("AZURE_AUTHORITY_HOST"));
    AzureProfile profile =
        new AzureProfile(ENV.get("AZURE_TENANT_ID"), ENV.get("AZURE_SUBSCRIPTION_ID"), new AzureEnvironment(endpoints));
    MsiManager manager = MsiManager.authenticate(identity("OWNER"), profile);
    String group = ENV.get("SANDBOX_IDENTITY_RESOURCE_GROUP");
    var made =
        manager.identities().define("java-" + System.nanoTime()).withRegion("westeurope")
            .withExistingResourceGroup(group).withTag("by", "java").create();
    var credentials = manager.serviceClient().getFederatedIdentityCredentials();
    credentials.createOrUpdate(group, made.name(), "app",
        new FederatedIdentityCredentialInner().withIssuer(ENV.get("SANDBOX_OIDC_ISSUER"))
            .withSubject("system:serviceaccount:java:app").withAudiences(List.of("api://AzureADTokenExchange")));
    say("arm", made.tags().get("by"), credentials.list(group, made.name()).stream().map(each -> each.subject()).toList());
    workloadIdentity(made.clientId());
    credentials.delete(group, made.name(), "app");
    manager.identities().deleteById(made.id());
  }

  /** The token of a service account, exchanged for one of the identity that it is federated with. */
  private static void workloadIdentity(String clientId) throws IOException {
    Path file = Files.createTempFile("token", "");
    try (KubernetesClient client = kubernetes()) {
      client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withName("java").endMetadata().build()).create();
      var account = client.serviceAccounts().inNamespace("java").resource(
          new ServiceAccountBuilder().withNewMetadata().withName("app").endMetadata().build());
      account.create();
      var request = new TokenRequestBuilder().withNewSpec().withAudiences("api://AzureADTokenExchange").withExpirationSeconds(3600L).endSpec().build();
      Files.writeString(file, account.tokenRequest(request).getStatus().getToken());
      var credential =
          new WorkloadIdentityCredentialBuilder().clientId(clientId).tenantId(ENV.get("AZURE_TENANT_ID"))
              .authorityHost(ENV.get("AZURE_AUTHORITY_HOST")).disableInstanceDiscovery().tokenFilePath(file.toString()).build();
      var token = credential.getTokenSync(new TokenRequestContext().addScopes("https://management.azure.com/.default"));
      var claims = new String(Base64.getUrlDecoder().decode(token.getToken().split("\\.")[1]), StandardCharsets.UTF_8);
      say("workload identity", claims.contains("\"appid\":\"" + clientId + "\""));
    } finally {
      Files.delete(file);
    }
  }

  private static void sql() throws Exception {
    String[] address = ENV.get("SANDBOX_SQL_SQL_DEV").split(",");
    var source = new SQLServerDataSource();
    source.setServerName(address[0]);
    source.setPortNumber(Integer.parseInt(address[1]));
    source.setDatabaseName("messages");
    source.setEncrypt("true");
    source.setAccessToken(
        identity("ADMINISTRATOR")
            .getTokenSync(new TokenRequestContext().addScopes("https://database.windows.net/.default")).getToken());
    try (var connection = source.getConnection();
        var statement = connection.prepareStatement("SELECT message_text FROM messagelist WHERE message_text <> ?")) {
      statement.setString(1, "none");
      try (var rows = statement.executeQuery()) {
        while (rows.next()) say("sql", rows.getString(1));
      }
    }
  }

  private static ServiceBusClientBuilder builder() {
    return new ServiceBusClientBuilder()
        .fullyQualifiedNamespace(ENV.get("SANDBOX_SERVICE_BUS_NAMESPACE"))
        .credential(identity("TEAM"))
        .customEndpointAddress(ENV.get("SANDBOX_SERVICE_BUS_ENDPOINT").replace("sb://", "https://"));
  }

  private static ServiceBusReceivedMessage one(ServiceBusReceiverClient receiver) {
    return receiver.receiveMessages(1, Duration.ofSeconds(10)).iterator().next();
  }

  private static void serviceBus() throws Exception {
    String queue = ENV.get("SANDBOX_SERVICE_BUS_QUEUE");
    try (var sender = builder().sender().queueName(queue).buildClient();
        var receiver = builder().receiver().queueName(queue).disableAutoComplete().buildClient()) {
      for (String name : List.of("complete", "abandon", "defer", "dead-letter"))
        sender.sendMessage(new ServiceBusMessage(name).setMessageId(name));
      Map<String, ServiceBusReceivedMessage> messages = new HashMap<>();
      while (messages.size() < 4)
        receiver.receiveMessages(4 - messages.size(), Duration.ofSeconds(5)).forEach(each -> messages.put(each.getMessageId(), each));
      receiver.complete(messages.get("complete"));
      receiver.abandon(messages.get("abandon"));
      receiver.defer(messages.get("defer"));
      receiver.deadLetter(messages.get("dead-letter"), new DeadLetterOptions().setDeadLetterReason("tried"));
      var again = one(receiver);
      receiver.renewMessageLock(again);
      receiver.complete(again);
      var deferred = receiver.receiveDeferredMessage(messages.get("defer").getSequenceNumber());
      receiver.complete(deferred);
      say("settled", again.getMessageId(), again.getDeliveryCount(), deferred.getMessageId());

      sender.cancelScheduledMessage(sender.scheduleMessage(new ServiceBusMessage("later"), OffsetDateTime.now().plusHours(1)));
      sender.scheduleMessage(new ServiceBusMessage("now"), OffsetDateTime.now().plusSeconds(1));
      var now = one(receiver);
      receiver.complete(now);
      say("scheduled", now.getBody());
    }
    try (var dead = builder().receiver().queueName(queue).subQueue(SubQueue.DEAD_LETTER_QUEUE).disableAutoComplete().buildClient()) {
      var letter = one(dead);
      dead.complete(letter);
      say("dead letter", letter.getDeadLetterReason());
    }
    String topic = ENV.get("SANDBOX_SERVICE_BUS_TOPIC");
    try (var sender = builder().sender().topicName(topic).buildClient();
        var subscription = builder().receiver().topicName(topic).subscriptionName("all").disableAutoComplete().buildClient()) {
      sender.sendMessage(new ServiceBusMessage("to all"));
      var event = one(subscription);
      subscription.complete(event);
      say("topic", event.getBody());
    }
    try (var sender = builder().sender().queueName("missing").buildClient()) {
      sender.sendMessage(new ServiceBusMessage("nowhere"));
    } catch (ServiceBusException error) {
      say("missing entity", error.getReason());
    }
  }

  private static KubernetesClient kubernetes() {
    var config = new ConfigBuilder(io.fabric8.kubernetes.client.Config.autoConfigure(null)).withOnlyHttpWatches(true).build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  private static void cluster() throws Exception {
    try (KubernetesClient client = kubernetes()) {
      var maps = client.configMaps().inNamespace("default");
      var seen = new CompletableFuture<String>();
      var map = new ConfigMapBuilder().withNewMetadata().withName("java").addToLabels("by", "java").endMetadata().addToData("key", "one").build();
      maps.resource(map).create();
      try (var watch = maps.withLabel("by", "java").watch(new Watcher<ConfigMap>() {
            @Override
            public void eventReceived(Action action, ConfigMap resource) {
              seen.complete(action + " " + resource.getData());
            }

            @Override
            public void onClose(WatcherException cause) {}
          })) {
        maps.withName("java").edit(each -> new ConfigMapBuilder(each).addToData("key", "two").build());
        say("cluster", seen.get(20, TimeUnit.SECONDS));
      }
      var applied = maps.resource(new ConfigMapBuilder().withNewMetadata().withName("java").endMetadata().addToData("more", "three").build()).forceConflicts().serverSideApply();
      say("applied", applied.getData());
      maps.withName("java").delete();
    }
  }
}
