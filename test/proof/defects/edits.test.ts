/** Every defect can still be put into the source, which the searches for a part of them would not tell. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { lateDefects } from "../support/lateDefects.ts";
import { oldDefects } from "../support/oldDefects.ts";
import { partDefects } from "../support/partDefects.ts";
import { sharedDefects } from "../support/sharedDefects.ts";
import { plant } from "../support/sourceEdits.ts";

const root = new URL("../../../", import.meta.url);

it.each(Object.entries({ ...oldDefects, ...sharedDefects, ...lateDefects, ...partDefects }))(
  "has a place for %s",
  (_defect, { edits }) => {
    for (const file of new Set(edits.map((each) => each.file))) {
      const source = readFileSync(new URL(file, root), "utf8");
      expect(edits.filter((each) => each.file === file).reduce(plant, source)).not.toBe(source);
    }
  },
);
