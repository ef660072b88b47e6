/** What the clients of Go, Python and Java send: typed and dynamic, with informers, leader election and events. */
import type { Area } from "./area.ts";
import { objectsAsked } from "./libraries/objects.ts";
import { readsAsked } from "./libraries/reads.ts";

export const libraries: Area = { name: "libraries", asked: [...readsAsked, ...objectsAsked] };
