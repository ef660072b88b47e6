/** What suites do to a namespace over HTTP, and expect to succeed. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { Operation, Service } from "./service.ts";

export function pathOf(namespace: string): string {
  return `/api/namespaces/${names.cluster}/${namespace}`;
}

/** Its findings. */
export async function verifyNamespace(service: Service, path: string): Promise<unknown> {
  const { status, body } = await service.call("POST", `${path}/verify`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body["findings"];
}

/** `service` is asked for at each act, since it exists only once the sandbox has started. */
export function actsOn(service: () => Service) {
  async function succeed(id: string): Promise<Operation> {
    const operation = await service().waitFor(id);
    expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
    return operation;
  }

  return {
    /** Writes nothing, and tells what would be done. */
    plan: async (request: object) => (await service().call("POST", "/api/onboardings?dryRun=true", request)).body,
    onboard: async (request: object) => await succeed(await service().onboard(request)),
    offboard: async (namespace: string) => void (await succeed(await service().offboard(names.cluster, namespace))),
    verify: async (namespace: string) => await verifyNamespace(service(), pathOf(namespace)),
    async repair(namespace: string) {
      const { body } = await service().call("POST", `${pathOf(namespace)}/repair`);
      await succeed(String(body["id"]));
    },
  };
}
