import { join } from "node:path";
import type { DurableExtension, RegisteredFunction } from "./app.ts";
import { ConfigurationError } from "./configurationError.ts";
import { createDurableExtension, type DurableOptions } from "./durable/extension.ts";
import { messageOf } from "./messageOf.ts";

/** The durable extension, for apps that use it. */
export function createDurable(
  functions: readonly RegisteredFunction[],
  options: Omit<DurableOptions, "directory"> & { readonly dataDirectory: string },
): DurableExtension | undefined {
  if (!functions.some(isDurable)) return undefined;
  const { dataDirectory, ...rest } = options;
  try {
    return createDurableExtension({ ...rest, directory: join(dataDirectory, "durable") });
  } catch (error) {
    const reason = messageOf(error);
    throw new ConfigurationError(`The durable extension cannot start: ${reason}`, { cause: error });
  }
}

function isDurable({ bindings }: RegisteredFunction): boolean {
  return bindings.some(({ type }) => /^(orchestrationTrigger|activityTrigger|durableClient)$/i.test(type));
}
