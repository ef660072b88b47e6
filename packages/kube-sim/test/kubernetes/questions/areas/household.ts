/** What a team has in its namespace over a day: limits, pods, services, settings that change, what ends and what stays. */
import type { Area } from "./area.ts";
import { limitsAsked } from "./household/limits.ts";
import { podsAsked } from "./household/pods.ts";
import { servicesAsked } from "./household/services.ts";
import { settingsAsked } from "./household/settings.ts";

export const household: Area = {
  name: "household",
  asked: [...podsAsked, ...limitsAsked, ...servicesAsked, ...settingsAsked],
};
