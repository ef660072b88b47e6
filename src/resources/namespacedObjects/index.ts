import type { namesInside } from "../../domain/naming/names.ts";
import type { NamespacedObject } from "../definitions/namespacedObject.ts";
import { configMap } from "./configMap.ts";

const objects: { readonly [Name in keyof typeof namesInside]: NamespacedObject } = { configMap };

/** What Mooring puts into every namespace, in the order of creation. */
export const namespacedObjects: readonly NamespacedObject[] = Object.values(objects);
