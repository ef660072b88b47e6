/** Lists and watches as clients page and follow them, and the forms in which they want them. */
import type { Area } from "./area.ts";
import { answersAsked } from "./streams/answers.ts";
import { pagesAsked } from "./streams/pages.ts";
import { patchesAsked } from "./streams/patches.ts";

export const streams: Area = { name: "streams", asked: [...pagesAsked, ...answersAsked, ...patchesAsked] };
