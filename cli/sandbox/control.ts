/** Access to the sandbox behind the service's address. A service in Azure has none. */
import { NotMooring, NotPossible } from "../failures.ts";
import type { Client, PlainCall } from "../service/client.ts";

export async function askSandbox<T extends object>(
  client: Client,
  call: PlainCall,
  fields: readonly (keyof T & string)[],
): Promise<T> {
  try {
    return await client.ask<T>(call, fields);
  } catch (error) {
    if (!(error instanceof NotMooring) || error.status !== 404) throw error;
    throw new NotPossible(`${client.server.origin} is not a sandbox.`, {
      next: ["Start one: mooring up", "Another address: --server or MOORING_SERVER."],
      cause: error,
    });
  }
}
