/** The SDK's own client for a host that runs in a separate process. */
import { InvocationContext } from "@azure/functions";
import { type DurableClient, getClient, input } from "durable-functions";
import { writeClientPayload } from "../../packages/functions-host/src/durable/clientPayload.ts";
import { rpcKeyOf } from "../../packages/functions-host/src/keyStore.ts";
import type { SuiteSandbox } from "./sandbox.ts";

export function durableClientOf({ url, systemKey }: Pick<SuiteSandbox, "url" | "systemKey">): DurableClient {
  const binding = input.durableClient();
  const context = new InvocationContext({ functionName: "test", options: { extraInputs: [binding] } });
  const payload = writeClientPayload({
    hubName: "Mooring",
    baseUrl: url,
    key: systemKey,
    rpcKey: rpcKeyOf(systemKey),
  });
  context.extraInputs.set(binding, JSON.parse(payload));
  return getClient(context);
}
