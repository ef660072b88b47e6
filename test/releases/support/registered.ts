/** The functions that a built app registers with its host, with the type of each one's trigger. */
import { loadApp } from "../../../packages/functions-host/src/load.ts";
import { createLog } from "../../../packages/functions-host/src/log.ts";

/** The service does not start without these, but does not use them while it loads. */
const settings = {
  MOORING_TABLES_ENDPOINT: "https://tables.example",
  ServiceBusConnection__fullyQualifiedNamespace: "mooring.servicebus.example",
};

export type Registered = Readonly<Record<string, string>>;

export async function registeredBy(folder: string): Promise<Registered> {
  Object.assign(process.env, settings);
  const app = await loadApp(folder, { log: createLog({ filter: { default: "none" } }) });
  try {
    return sorted([...app.functions.values()].map(({ name, trigger }) => [name, trigger.type]));
  } finally {
    await app.close(1_000);
  }
}

function sorted(entries: readonly (readonly [name: string, trigger: string])[]): Registered {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
