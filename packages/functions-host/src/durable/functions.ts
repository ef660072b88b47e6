/** The durable functions of the app, by kind. Names are case-insensitive, as everywhere in Functions. */
import type { FunctionApp, RegisteredFunction } from "../app.ts";

export type DurableKind = "activity" | "orchestrator";

export interface DurableFunctions {
  find(kind: DurableKind, name: string): RegisteredFunction | undefined;
  /** The extension's message about a name that it does not know. */
  explainUnknown(kind: DurableKind, name: string): string;
}

const triggers: Record<DurableKind, string> = {
  activity: "activitytrigger",
  orchestrator: "orchestrationtrigger",
};

export function indexFunctions(app: FunctionApp): DurableFunctions {
  const byKind: Record<DurableKind, Map<string, RegisteredFunction>> = {
    activity: new Map(),
    orchestrator: new Map(),
  };
  for (const definition of app.functions.values()) {
    for (const kind of ["activity", "orchestrator"] as const) {
      if (definition.trigger.type.toLowerCase() !== triggers[kind]) continue;
      byKind[kind].set(definition.name.toLowerCase(), definition);
    }
  }
  return {
    find: (kind, name) => byKind[kind].get(name.toLowerCase()),
    explainUnknown(kind, name) {
      const known = [...byKind[kind].values()].map((definition) => `'${definition.name}'`);
      const others =
        known.length === 0
          ? `No ${kind} functions are currently registered!`
          : `The following are the known ${kind} functions: ${known.join(", ")}.`;
      const article = kind === "activity" ? "an activity" : "an orchestrator";
      return `The function '${name}' doesn't exist, is disabled, or is not ${article} function. Additional info: ${others}`;
    },
  };
}
