/**
 * host.json for a deployment. The file itself must say where durable state is kept, because the scale controller reads it and
 * sees no app settings. The checkout has the variant for Azure Storage, which `func start` and the sandbox also use.
 */
import { z } from "zod";

export const Backend = z.enum(["scheduler", "storage"]);
export type Backend = z.infer<typeof Backend>;

const HostJson = z.looseObject({
  extensions: z.looseObject({
    durableTask: z.looseObject({ storageProvider: z.looseObject({ type: z.literal("AzureStorage") }) }),
  }),
});

/** Polling intervals and visibility timeouts are only for Azure Storage. */
const scheduler = { type: "azureManaged", connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING" };

export function hostJsonFor(backend: Backend, text: string): string {
  const hostJson = HostJson.parse(JSON.parse(text));
  if (backend === "storage") return print(hostJson);
  const { extensions } = hostJson;
  const durableTask = { ...extensions.durableTask, storageProvider: scheduler };
  return print({ ...hostJson, extensions: { ...extensions, durableTask } });
}

export function print(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
