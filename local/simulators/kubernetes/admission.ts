/** Admission of a new pod: its service account exists, limits of its namespace, and then the workload identity webhook. */
import { ApiFailure, forbidden } from "./failures.ts";
import { type JsonObject, stringAt } from "./json.ts";
import { withLimits } from "./limitRanges.ts";
import { withRequests } from "./podResources.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import {
  injectWorkloadIdentity,
  isLabelledForWorkloadIdentity,
  type TokenProxyAddress,
  WebhookDenial,
  type WorkloadIdentity,
} from "./workloadIdentityWebhook.ts";

export function createAdmission(environment: {
  readonly store: Store;
  readonly resources: Resources;
  readonly tenantId: string;
  readonly hasWorkloadIdentityWebhook: boolean;
  readonly unseenAccounts: ReadonlySet<string>;
  readonly authorityHost: () => string;
  readonly tokenProxy: () => TokenProxyAddress | undefined;
}): (resource: Resource, object: JsonObject) => JsonObject {
  const { store, resources, tenantId, hasWorkloadIdentityWebhook, unseenAccounts, authorityHost, tokenProxy } =
    environment;

  function serviceAccount(namespace: string, name: string) {
    const accounts = resources.ofKind("v1", "ServiceAccount");
    return accounts === undefined ? undefined : store.get(accounts, namespace, name);
  }

  const cached = (namespace: string, name: string) =>
    unseenAccounts.has(`${namespace}/${name}`) ? undefined : serviceAccount(namespace, name);

  return (resource, object) => {
    if (resource.kind !== "Pod") return withLimits({ store, resources }, resource, object);
    const namespace = stringAt(object, "metadata", "namespace") ?? "";
    const account = stringAt(object, "spec", "serviceAccountName") ?? "default";
    if (serviceAccount(namespace, account) === undefined) {
      const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
      throw forbidden(resource, stringAt(object, "metadata", "name"), why);
    }
    const limited = withLimits({ store, resources }, resource, withRequests(object));
    return hasWorkloadIdentityWebhook && isLabelledForWorkloadIdentity(limited)
      ? withWorkloadIdentity(limited, {
          tenantId,
          authorityHost: authorityHost(),
          serviceAccount: cached,
          tokenProxy: tokenProxy(),
        })
      : limited;
  };
}

function withWorkloadIdentity(pod: JsonObject, identity: WorkloadIdentity): JsonObject {
  try {
    return injectWorkloadIdentity(pod, identity);
  } catch (error) {
    if (!(error instanceof WebhookDenial)) throw error;
    const message = `admission webhook "mutation.azure-workload-identity.io" denied the request: ${error.message}`;
    throw new ApiFailure(error.code, "BadRequest", message);
  }
}
