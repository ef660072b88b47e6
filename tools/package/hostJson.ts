/**
 * host.json of a deployment. It has to stand in the file where durable state is: the scale controller reads the file, and no
 * app setting reaches it. What is in the checkout is the variant for Azure Storage, which `func start` and the sandbox read, too.
 */
import { z } from "zod";

export const Backend = z.enum(["scheduler", "storage"]);
export type Backend = z.infer<typeof Backend>;

const HostJson = z.looseObject({
  extensions: z.looseObject({
    durableTask: z.looseObject({ storageProvider: z.looseObject({ type: z.literal("AzureStorage") }) }),
  }),
});

/** Polling intervals and visibility timeouts are of Azure Storage alone. */
const scheduler = { type: "azureManaged", connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING" };

export function hostJsonFor(backend: Backend, text: string): string {
  const hostJson = HostJson.parse(JSON.parse(text));
  if (backend === "storage") return print(hostJson);
  const { extensions } = hostJson;
  const durableTask = { ...extensions.durableTask, storageProvider: scheduler };
  return print({ ...hostJson, extensions: { ...extensions, durableTask } });
}

function print(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
