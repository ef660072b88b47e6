import type { NamespacedObject } from "../definitions/namespacedObject.ts";
import { configMap } from "./configMap.ts";

/** What Mooring puts into every namespace, in the order in which it is made. */
export const namespacedObjects: readonly NamespacedObject[] = [configMap];
