/** Stands in for the host's core module before anything requires @azure/functions. */
import { beginApp } from "../../packages/functions-host/src/core.ts";
import { createLog } from "../../packages/functions-host/src/log.ts";

export const registrations = beginApp(createLog({ filter: { default: "none" } }));
