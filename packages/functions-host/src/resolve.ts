import type { Binding, RegisteredFunction } from "./app.ts";
import { ConfigurationError } from "./configurationError.ts";
import type { Log } from "./log.ts";
import { expandSettings, findSetting, type Settings } from "./settings.ts";

const servedTriggers = ["httptrigger", "timertrigger", "servicebustrigger", "orchestrationtrigger", "activitytrigger"];

/**
 * The functions as the triggers see them: with `%NAME%` in a trigger's texts replaced, without disabled functions. One error
 * reports every problem of every function.
 */
export function resolveFunctions(
  functions: Iterable<RegisteredFunction>,
  { settings, log }: { settings: Settings; log: Log },
): RegisteredFunction[] {
  const problems: string[] = [];
  const resolved: RegisteredFunction[] = [];
  for (const definition of functions) {
    if (/^(true|1)$/i.test(findSetting(settings, `AzureWebJobs.${definition.name}.Disabled`) ?? "")) {
      log.info("function is disabled", { function: definition.name });
      continue;
    }
    const triggerType = definition.trigger.type.toLowerCase();
    if (triggerType === "entitytrigger") {
      problems.push(
        `Function "${definition.name}" is an entity, which this host does not serve; start the app with Azure Functions Core Tools`,
      );
      continue;
    }
    if (!servedTriggers.includes(triggerType)) {
      // As in Azure when an extension is missing: the function is left out, and the others run.
      log.error("this host does not serve the trigger; the function will not run", {
        function: definition.name,
        trigger: definition.trigger.type,
      });
      continue;
    }
    warnOfOutputs(definition, log);
    try {
      resolved.push({ ...definition, trigger: expandBinding(definition, settings) });
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join(";\n"));
  return resolved;
}

function expandBinding({ name, trigger }: RegisteredFunction, settings: Settings): Binding {
  const entries = Object.entries(trigger).map(([key, value]) => {
    if (typeof value !== "string" || key === "name" || key === "type" || key === "direction") return [key, value];
    return [key, expandSettings(value, { settings, where: `Function "${name}" (${key} of its ${trigger.type})` })];
  });
  return { ...trigger, ...Object.fromEntries(entries) };
}

/** An app that only seems to work is worse than a warning. */
function warnOfOutputs({ name, bindings }: RegisteredFunction, log: Log): void {
  for (const { type, direction } of bindings) {
    if (direction === "out" && type.toLowerCase() !== "http")
      log.warn("this host does not serve output bindings; what the function writes there is lost", {
        function: name,
        type,
      });
  }
}
