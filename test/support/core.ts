/** Stands in for the host's core module before anything requires @azure/functions. */
import { beginApp } from "functions-host/core";
import { createLog } from "functions-host/log";

export const registrations = beginApp(createLog({ filter: { default: "none" } }));
