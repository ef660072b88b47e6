"""What Python's clients do on the sandbox: tokens in both modes, Azure Resource Manager, SQL, Service Bus, Kubernetes.

    eval "$(npx mooring sandbox env)"
    python3 examples/clients/python/main.py
"""

import base64
import datetime
import glob
import json
import os
import struct
import sys
import tempfile
import uuid

import kubernetes
import mssql_python
import mssql_python_odbc
import pytds
from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.servicebus import ServiceBusClient, ServiceBusMessage, TransportType
from azure.servicebus.exceptions import ServiceBusError

try:
    import pyodbc
except ImportError as error:
    # It needs unixODBC, which is no package of Python's.
    without_pyodbc = str(error)
else:
    without_pyodbc = None

env = os.environ
ARM = env["SANDBOX_ARM_ENDPOINT"]
SCOPES = ["https://management.azure.com/.default"]


def say(what, *values):
    print(what, *values, flush=True)


def identity(name):
    """A principal of the sandbox, by its client id."""
    return ManagedIdentityCredential(client_id=env[f"SANDBOX_{name}_CLIENT_ID"])


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def managed_identities():
    client = ManagedServiceIdentityClient(
        identity("OWNER"), env["AZURE_SUBSCRIPTION_ID"], base_url=ARM, credential_scopes=SCOPES
    )
    group = env["SANDBOX_IDENTITY_RESOURCE_GROUP"]
    name = f"python-{uuid.uuid4().hex[:8]}"
    made = client.user_assigned_identities.create_or_update(group, name, {"location": "westeurope", "tags": {"by": "python"}})
    client.federated_identity_credentials.create_or_update(
        group,
        name,
        "app",
        {
            "issuer": env["SANDBOX_OIDC_ISSUER"],
            "subject": "system:serviceaccount:python:app",
            "audiences": ["api://AzureADTokenExchange"],
        },
    )
    subjects = [each.subject for each in client.federated_identity_credentials.list(group, name)]
    listed = [each.name for each in client.user_assigned_identities.list_by_resource_group(group)]
    assert name in listed, listed
    say("arm", made.tags, subjects)
    workload_identity(made.client_id)
    client.federated_identity_credentials.delete(group, name, "app")
    client.user_assigned_identities.delete(group, name)


def workload_identity(client_id):
    """The token of a service account, exchanged for one of the identity that it is federated with."""
    api = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config())
    metadata = kubernetes.client.V1ObjectMeta
    api.create_namespace(kubernetes.client.V1Namespace(metadata=metadata(name="python")))
    api.create_namespaced_service_account("python", kubernetes.client.V1ServiceAccount(metadata=metadata(name="app")))
    request = kubernetes.client.AuthenticationV1TokenRequest(
        spec=kubernetes.client.V1TokenRequestSpec(audiences=["api://AzureADTokenExchange"], expiration_seconds=3600)
    )
    token = api.create_namespaced_service_account_token("app", "python", request).status.token
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(token)
        file.flush()
        credential = WorkloadIdentityCredential(client_id=client_id, token_file_path=file.name)
        say("workload identity", claims(credential.get_token(SCOPES[0]).token)["appid"] == client_id)


def sql():
    token = identity("ADMINISTRATOR").get_token("https://database.windows.net/.default").token
    for name, query in (("mssql-python", with_mssql_python), ("pyodbc", with_pyodbc), ("python-tds", with_python_tds)):
        say(name, query(token))


def server():
    """`localhost,<port>`, as Microsoft's drivers write it."""
    return env["SANDBOX_SQL_SQL_DEV"].split(",")


def with_mssql_python(token):
    host, port = server()
    bytes_ = token.encode("utf-16-le")
    connection = mssql_python.connect(
        f"Server={host},{port};Database=messages;Encrypt=yes",
        attrs_before={1256: struct.pack(f"<I{len(bytes_)}s", len(bytes_), bytes_)},
    )
    rows = connection.cursor().execute("SELECT message_text FROM messagelist").fetchall()
    return [row[0] for row in rows]


def with_pyodbc(_token):
    """The driver fetches the token itself, as the managed identity of this client id."""
    if without_pyodbc:
        return f"not run: {without_pyodbc}"
    host, port = server()
    connection = pyodbc.connect(
        f"Driver={odbc_driver()};Server={host},{port};Database=messages;Encrypt=yes;"
        f"Authentication=ActiveDirectoryMsi;UID={env['SANDBOX_ADMINISTRATOR_CLIENT_ID']}"
    )
    return [row[0] for row in connection.cursor().execute("SELECT message_text FROM messagelist").fetchall()]


def odbc_driver():
    """Microsoft's, installed on this machine or brought by mssql-python."""
    installed = [name for name in pyodbc.drivers() if name.startswith("ODBC Driver 18")]
    if installed:
        return "{" + installed[0] + "}"
    platform = "debian_ubuntu" if os.path.exists("/etc/debian_version") else "rhel"
    [found] = glob.glob(f"{mssql_python_odbc.__path__[0]}/libs/linux/{platform}/*/lib/libmsodbcsql-18*")
    return found


def with_python_tds(token):
    host, port = server()
    with pytds.connect(
        dsn=host, port=int(port), database="messages", access_token_callable=lambda: token, cafile=env["SSL_CERT_FILE"]
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT message_text FROM messagelist")
            return [row[0] for row in cursor.fetchall()]


def service_bus():
    client = ServiceBusClient(
        env["SANDBOX_SERVICE_BUS_NAMESPACE"],
        identity("TEAM"),
        custom_endpoint_address=env["SANDBOX_SERVICE_BUS_ENDPOINT"],
        connection_verify=env["SSL_CERT_FILE"],
        transport_type=TransportType.Amqp,
    )
    queue = env["SANDBOX_SERVICE_BUS_QUEUE"]
    with client, client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue, max_wait_time=5) as receiver:
        batch = sender.create_message_batch()
        for name in ("complete", "abandon", "defer", "dead-letter"):
            batch.add_message(ServiceBusMessage(name, message_id=name, application_properties={"by": "python", "yes": True}))
        sender.send_messages(batch)
        messages = {message.message_id: message for message in receiver.receive_messages(4, max_wait_time=5)}
        while len(messages) < 4:
            messages |= {message.message_id: message for message in receiver.receive_messages(4, max_wait_time=5)}
        receiver.complete_message(messages["complete"])
        receiver.abandon_message(messages["abandon"])
        receiver.defer_message(messages["defer"])
        receiver.dead_letter_message(messages["dead-letter"], reason="tried", error_description="by python")
        [again] = receiver.receive_messages(1, max_wait_time=5)
        receiver.renew_message_lock(again)
        receiver.complete_message(again)
        [deferred] = receiver.receive_deferred_messages(messages["defer"].sequence_number)
        receiver.complete_message(deferred)
        say("settled", again.message_id, again.delivery_count, deferred.message_id)

        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        [first, second] = sender.schedule_messages([ServiceBusMessage("later"), ServiceBusMessage("soon")], later)
        sender.cancel_scheduled_messages(first)
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        sender.schedule_messages(ServiceBusMessage("now", message_id="now"), soon)
        sender.cancel_scheduled_messages(second)
        [now] = receiver.receive_messages(1, max_wait_time=10)
        receiver.complete_message(now)
        say("scheduled", str(now))
        try:
            sender.send_messages(ServiceBusMessage("x" * 300 * 1024))
        except (ServiceBusError, ValueError) as error:
            say("too large", type(error).__name__)
        with client.get_queue_receiver(queue, sub_queue="deadletter", max_wait_time=5) as dead:
            [letter] = dead.receive_messages(1, max_wait_time=5)
            say("dead letter", letter.dead_letter_reason, letter.dead_letter_error_description)
            dead.complete_message(letter)

        with client.get_topic_sender(env["SANDBOX_SERVICE_BUS_TOPIC"]) as topic:
            topic.send_messages(ServiceBusMessage("to all"))
        with client.get_subscription_receiver(env["SANDBOX_SERVICE_BUS_TOPIC"], "all", max_wait_time=5) as subscription:
            [message] = subscription.receive_messages(1, max_wait_time=5)
            subscription.complete_message(message)
            say("topic", str(message))
    try:
        with client.get_queue_sender("missing") as sender:
            sender.send_messages(ServiceBusMessage("nowhere"))
    except ServiceBusError as error:
        say("missing entity", type(error).__name__)


def cluster():
    client = kubernetes.config.new_client_from_config()
    core = kubernetes.client.CoreV1Api(client)
    say("version", kubernetes.client.VersionApi(client).get_code().git_version.startswith("v1."))
    metadata = kubernetes.client.V1ObjectMeta(name="settings", labels={"a": "b"})
    core.create_namespaced_config_map("default", kubernetes.client.V1ConfigMap(metadata=metadata, data={"key": "one"}))
    core.patch_namespaced_config_map("settings", "default", {"data": {"key": "two"}})
    seen = []
    for event in kubernetes.watch.Watch().stream(core.list_namespaced_config_map, "default", label_selector="a=b", timeout_seconds=20):
        seen.append((event["type"], event["object"].data))
        break
    core.delete_namespaced_config_map("settings", "default")
    say("cluster", seen)


parts = {"arm": managed_identities, "sql": sql, "service-bus": service_bus, "kubernetes": cluster}
for part in sys.argv[1:] or parts:
    parts[part]()
