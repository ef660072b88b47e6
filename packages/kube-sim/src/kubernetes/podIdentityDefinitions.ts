/**
 * The custom resource definitions of aad-pod-identity 1.8, field by field: nothing is required, there are no enumerations,
 * and fields that are not listed are pruned, so a misspelt one is silently dropped unless validation is strict.
 */
import type { Json, JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";

const text: Schema = { type: "string" };
const integer: Schema = { type: "integer" };
const int32: Schema = { type: "integer", format: "int32" };
const emptyObject: Schema = { type: "object" };

function object(properties: Record<string, Schema>): Schema {
  return { type: "object", properties };
}

const replicaStatus = object({ availableReplicas: int32, metadata: emptyObject });

const identitySpec = object({
  adEndpoint: text,
  adResourceID: text,
  auxiliaryTenantIDs: { type: "array", items: text, nullable: true },
  clientID: text,
  clientPassword: object({ name: text, namespace: text }),
  metadata: emptyObject,
  replicas: { ...int32, nullable: true },
  resourceID: text,
  tenantID: text,
  type: integer,
});

const bindingSpec = object({ azureIdentity: text, metadata: emptyObject, selector: text, weight: integer });

function embedded(spec: Schema): Schema {
  return {
    ...object({ apiVersion: text, kind: text, metadata: emptyObject, spec, status: replicaStatus }),
    "x-kubernetes-embedded-resource": true,
  };
}

const assignedSpec = object({
  azureBindingRef: embedded(bindingSpec),
  azureIdentityRef: embedded(identitySpec),
  metadata: emptyObject,
  nodename: text,
  pod: text,
  podNamespace: text,
  replicas: { ...int32, nullable: true },
});

const exceptionSpec = object({ metadata: emptyObject, podLabels: { type: "object", additionalProperties: text } });
const namedStatus = object({ availableReplicas: int32, metadata: emptyObject, status: text });

const column = (name: string, jsonPath: string, type = "string"): Json => ({ name, type, jsonPath });
const age = column("Age", ".metadata.creationTimestamp", "date");

export const podIdentityDefinitions: readonly JsonObject[] = [
  definition("AzureIdentity", "azureidentities", { spec: identitySpec, status: replicaStatus }, [
    column("Type", ".spec.type"),
    column("ClientID", ".spec.clientID"),
    age,
  ]),
  definition("AzureIdentityBinding", "azureidentitybindings", { spec: bindingSpec, status: replicaStatus }, [
    column("AzureIdentity", ".spec.azureIdentity"),
    column("Selector", ".spec.selector"),
    age,
  ]),
  definition("AzureAssignedIdentity", "azureassignedidentities", { spec: assignedSpec, status: namedStatus }, []),
  definition(
    "AzurePodIdentityException",
    "azurepodidentityexceptions",
    { spec: exceptionSpec, status: namedStatus },
    [],
  ),
];

function definition(kind: string, plural: string, parts: Record<string, Schema>, columns: Json[]): JsonObject {
  const openAPIV3Schema = object({ apiVersion: text, kind: text, metadata: emptyObject, ...parts });
  // A round trip through JSON gives the schema the type of plain data.
  return JSON.parse(
    JSON.stringify({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: `${plural}.aadpodidentity.k8s.io`,
        annotations: { "api-approved.kubernetes.io": "unapproved" },
        labels: { "app.kubernetes.io/name": "aad-pod-identity" },
      },
      spec: {
        group: "aadpodidentity.k8s.io",
        names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
        scope: "Namespaced",
        versions: [
          {
            name: "v1",
            schema: { openAPIV3Schema },
            served: true,
            storage: true,
            ...(columns.length === 0 ? {} : { additionalPrinterColumns: columns }),
          },
        ],
      },
    }),
  );
}
