// What Go's clients do on the sandbox: tokens, Azure Resource Manager, SQL, Service Bus, Kubernetes.
//
//	eval "$(npx mooring sandbox env)"
//	cd examples/clients/go && go run .
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/azuread"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

var ctx = context.Background()

func main() {
	parts := map[string]func(){"arm": resourceManager, "sql": sqlServer, "service-bus": serviceBus, "kubernetes": cluster}
	names := os.Args[1:]
	if len(names) == 0 {
		names = []string{"arm", "sql", "service-bus", "kubernetes"}
	}
	for _, name := range names {
		parts[name]()
	}
}

func check[T any](value T, err error) T {
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A principal of the sandbox, by its client id.
func identity(name string) azcore.TokenCredential {
	id := azidentity.ClientID(os.Getenv("SANDBOX_" + name + "_CLIENT_ID"))
	return check(azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: id}))
}

func resourceManager() {
	sandbox := cloud.Configuration{
		ActiveDirectoryAuthorityHost: os.Getenv("AZURE_AUTHORITY_HOST"),
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: os.Getenv("SANDBOX_ARM_ENDPOINT"), Audience: "https://management.azure.com"},
		},
	}
	options := &arm.ClientOptions{ClientOptions: policy.ClientOptions{Cloud: sandbox}}
	factory := check(armmsi.NewClientFactory(os.Getenv("AZURE_SUBSCRIPTION_ID"), identity("OWNER"), options))
	group, name := os.Getenv("SANDBOX_IDENTITY_RESOURCE_GROUP"), fmt.Sprintf("go-%d", time.Now().UnixNano())
	identities := factory.NewUserAssignedIdentitiesClient()
	made := check(identities.CreateOrUpdate(ctx, group, name, armmsi.Identity{Location: to.Ptr("westeurope"), Tags: map[string]*string{"by": to.Ptr("go")}}, nil))
	credentials := factory.NewFederatedIdentityCredentialsClient()
	check(credentials.CreateOrUpdate(ctx, group, name, "app", armmsi.FederatedIdentityCredential{Properties: &armmsi.FederatedIdentityCredentialProperties{
		Issuer:    to.Ptr(os.Getenv("SANDBOX_OIDC_ISSUER")),
		Subject:   to.Ptr("system:serviceaccount:go:app"),
		Audiences: []*string{to.Ptr("api://AzureADTokenExchange")},
	}}, nil))
	fmt.Println("arm", *made.Tags["by"], check(credentials.Get(ctx, group, name, "app", nil)).Properties.Subject != nil)
	workloadIdentity(*made.Properties.ClientID)
	check(identities.Delete(ctx, group, name, nil))
}

// The token of a service account, exchanged for one of the identity that it is federated with.
func workloadIdentity(clientID string) {
	core := clientset().CoreV1()
	check(core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "go"}}, metav1.CreateOptions{}))
	accounts := core.ServiceAccounts("go")
	check(accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "app"}}, metav1.CreateOptions{}))
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"api://AzureADTokenExchange"}}}
	token := check(accounts.CreateToken(ctx, "app", request, metav1.CreateOptions{})).Status.Token
	file := check(os.CreateTemp("", "token"))
	defer os.Remove(file.Name())
	check(file.WriteString(token))
	credential := check(azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientID: clientID, TokenFilePath: file.Name(), DisableInstanceDiscovery: true,
	}))
	got := check(credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}))
	fmt.Println("workload identity", got.Token != "")
}

func sqlServer() {
	host, port, _ := strings.Cut(os.Getenv("SANDBOX_SQL_SQL_DEV"), ",")
	address := fmt.Sprintf("sqlserver://%s:%s?database=messages&encrypt=true", host, port)
	connector := check(mssql.NewAccessTokenConnector(address, func() (string, error) {
		token, err := identity("ADMINISTRATOR").GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://database.windows.net/.default"}})
		return token.Token, err
	}))
	read("sql", sql.OpenDB(connector))
	// The driver fetches the token itself, as the managed identity of this client id.
	own := address + "&fedauth=ActiveDirectoryManagedIdentity&user+id=" + os.Getenv("SANDBOX_ADMINISTRATOR_CLIENT_ID")
	read("fedauth", check(sql.Open(azuread.DriverName, own)))
}

func read(what string, database *sql.DB) {
	defer database.Close()
	rows := check(database.QueryContext(ctx, "SELECT message_text FROM messagelist WHERE message_text <> @p1", "none"))
	defer rows.Close()
	for rows.Next() {
		var text string
		must(rows.Scan(&text))
		fmt.Println(what, text)
	}
}

func serviceBus() {
	options := &azservicebus.ClientOptions{CustomEndpoint: strings.TrimPrefix(os.Getenv("SANDBOX_SERVICE_BUS_ENDPOINT"), "sb://")}
	client := check(azservicebus.NewClient(os.Getenv("SANDBOX_SERVICE_BUS_NAMESPACE"), identity("TEAM"), options))
	defer client.Close(ctx)
	queue := os.Getenv("SANDBOX_SERVICE_BUS_QUEUE")
	sender, receiver := check(client.NewSender(queue, nil)), check(client.NewReceiverForQueue(queue, nil))
	for _, name := range []string{"complete", "abandon", "defer", "dead-letter"} {
		must(sender.SendMessage(ctx, &azservicebus.Message{MessageID: &name, Body: []byte(name)}, nil))
	}
	messages := map[string]*azservicebus.ReceivedMessage{}
	for len(messages) < 4 {
		for _, message := range check(receiver.ReceiveMessages(ctx, 4, nil)) {
			messages[message.MessageID] = message
		}
	}
	must(receiver.CompleteMessage(ctx, messages["complete"], nil))
	must(receiver.AbandonMessage(ctx, messages["abandon"], nil))
	must(receiver.DeferMessage(ctx, messages["defer"], nil))
	must(receiver.DeadLetterMessage(ctx, messages["dead-letter"], &azservicebus.DeadLetterOptions{Reason: to.Ptr("tried")}))
	again := check(receiver.ReceiveMessages(ctx, 1, nil))[0]
	must(receiver.RenewMessageLock(ctx, again, nil))
	must(receiver.CompleteMessage(ctx, again, nil))
	deferred := check(receiver.ReceiveDeferredMessages(ctx, []int64{*messages["defer"].SequenceNumber}, nil))[0]
	must(receiver.CompleteMessage(ctx, deferred, nil))
	fmt.Println("settled", again.MessageID, again.DeliveryCount, deferred.MessageID)

	scheduled := check(sender.ScheduleMessages(ctx, []*azservicebus.Message{{Body: []byte("later")}}, time.Now().Add(time.Hour), nil))
	must(sender.CancelScheduledMessages(ctx, scheduled, nil))
	check(sender.ScheduleMessages(ctx, []*azservicebus.Message{{Body: []byte("now")}}, time.Now().Add(time.Second), nil))
	now := check(receiver.ReceiveMessages(ctx, 1, nil))[0]
	must(receiver.CompleteMessage(ctx, now, nil))
	fmt.Println("scheduled", string(now.Body))

	dead := check(client.NewReceiverForQueue(queue, &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter}))
	letter := check(dead.ReceiveMessages(ctx, 1, nil))[0]
	must(dead.CompleteMessage(ctx, letter, nil))
	fmt.Println("dead letter", *letter.DeadLetterReason)

	topic := os.Getenv("SANDBOX_SERVICE_BUS_TOPIC")
	must(check(client.NewSender(topic, nil)).SendMessage(ctx, &azservicebus.Message{Body: []byte("to all")}, nil))
	subscription := check(client.NewReceiverForSubscription(topic, "all", nil))
	event := check(subscription.ReceiveMessages(ctx, 1, nil))[0]
	must(subscription.CompleteMessage(ctx, event, nil))
	fmt.Println("topic", string(event.Body))

	err := check(client.NewSender("missing", nil)).SendMessage(ctx, &azservicebus.Message{Body: []byte("nowhere")}, nil)
	var refused *azservicebus.Error
	fmt.Println("missing entity", errors.As(err, &refused) && refused.Code == azservicebus.CodeNotFound)
}

func clientset() *kubernetes.Clientset {
	config := check(clientcmd.NewDefaultClientConfigLoadingRules().Load())
	return check(kubernetes.NewForConfig(check(clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig())))
}

func cluster() {
	maps := clientset().CoreV1().ConfigMaps("default")
	made := check(maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "go", Labels: map[string]string{"by": "go"}}, Data: map[string]string{"key": "one"}}, metav1.CreateOptions{}))
	patch := check(json.Marshal(map[string]any{"data": map[string]string{"key": "two"}}))
	check(maps.Patch(ctx, "go", types.MergePatchType, patch, metav1.PatchOptions{}))
	watcher := check(maps.Watch(ctx, metav1.ListOptions{LabelSelector: "by=go", ResourceVersion: made.ResourceVersion}))
	event := <-watcher.ResultChan()
	watcher.Stop()
	applied := check(maps.Apply(ctx, applycore.ConfigMap("go", "default").WithData(map[string]string{"more": "three"}), metav1.ApplyOptions{FieldManager: "go"}))
	must(maps.Delete(ctx, "go", metav1.DeleteOptions{}))
	fmt.Println("cluster", event.Type, applied.Data)
	document := check(clientset().Discovery().OpenAPISchema())
	fmt.Println("openapi", document.Swagger, len(document.Definitions.AdditionalProperties) > 10)
}
