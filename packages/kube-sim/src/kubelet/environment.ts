/** The environment of a container: what its pod says, and nothing from this process. */
import { z } from "zod";
import type { KubernetesApi } from "../cluster/api.ts";
import { firstContainer, type Pod } from "./pod.ts";

/** The pod cannot run as it is: kubelet's CreateContainerConfigError. It is retried until someone fixes it. */
export class ContainerConfigError extends Error {
  override readonly name = "CreateContainerConfigError";
}

const ConfigMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

export async function readEnvironment(api: KubernetesApi, pod: Pod): Promise<Record<string, string>> {
  const { namespace } = pod.metadata;
  const { env, envFrom } = firstContainer(pod);
  const environment: Record<string, string> = {};

  async function configMap(name: string, optional: boolean): Promise<Record<string, string>> {
    const found = await api.get(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    if (found !== undefined) return ConfigMap.parse(found).data;
    if (optional) return {};
    throw new ContainerConfigError(`configmap "${name}" not found`);
  }

  for (const { prefix, configMapRef, secretRef } of envFrom) {
    if (secretRef !== undefined) throw noSecrets("envFrom.secretRef");
    if (!configMapRef) continue;
    for (const [key, value] of Object.entries(await configMap(configMapRef.name, configMapRef.optional))) {
      environment[`${prefix}${key}`] = value;
    }
  }
  for (const { name, value, valueFrom } of env) {
    if (valueFrom?.secretKeyRef !== undefined) throw noSecrets(`env ${name}`);
    if (valueFrom?.configMapKeyRef) {
      const { name: map, key, optional } = valueFrom.configMapKeyRef;
      const found = (await configMap(map, optional))[key];
      if (found === undefined && !optional)
        throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${map}`);
      if (found !== undefined) environment[name] = found;
    } else {
      environment[name] = valueFrom?.fieldRef ? fieldOf(pod, valueFrom.fieldRef.fieldPath) : value;
    }
  }
  return environment;
}

export function fieldOf({ metadata, spec }: Pod, path: string): string {
  const [, annotation] = /^metadata\.annotations\['(.+)'\]$/.exec(path) ?? [];
  if (annotation !== undefined) return metadata.annotations[annotation] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace;
    case "metadata.uid":
      return metadata.uid;
    case "spec.serviceAccountName":
      return spec.serviceAccountName;
    default:
      throw new ContainerConfigError(`this kubelet does not know the field ${path}`);
  }
}

function noSecrets(where: string): ContainerConfigError {
  return new ContainerConfigError(`${where} refers to a Secret, which this kubelet does not serve`);
}
