/** Stands in for the host's core module before anything requires @azure/functions. */
import { beginApp } from "../../local/host/core.ts";
import { createLog } from "../../local/host/log.ts";

export const registrations = beginApp(createLog({ filter: { default: "none" } }));
