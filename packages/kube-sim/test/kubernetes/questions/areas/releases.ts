/** What kubectl and Helm send for what a team does with a release. */
import type { Area } from "./area.ts";
import { commandsAsked } from "./releases/commands.ts";
import { installedAsked } from "./releases/installed.ts";
import { upgradedAsked } from "./releases/upgraded.ts";

export const releases: Area = { name: "releases", asked: [...installedAsked, ...upgradedAsked, ...commandsAsked] };
