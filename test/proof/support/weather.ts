/** How the calls of a world fail. */

import type { Dice } from "test-support/random";
import type { FaultPlan } from "./faults.ts";
import { lastingOnNetworks } from "./networkWorld.ts";
import { lastingOnPostgres } from "./postgresWorld.ts";

/** Names of calls that a permanent fault may hit. */
const lasting = [
  /^put identity$/,
  /^remove identity$/,
  /^put credential$/,
  /^remove credential$/,
  /^change sql-a\/one$/,
  /^change sql-b\//,
  /^inspect sql-a\/two$/,
  /^apply (Namespace|ConfigMap)$/,
  /^apply (ServiceAccount|AzureIdentityBinding)$/,
  /^remove (ServiceAccount|AzureIdentity)$/,
  /^remove Namespace$/,
  /^get (ServiceAccount|Namespace)$/,
  /^(insert|merge|get) MooringSteps$/,
  /^(merge|get) MooringOperations$/,
  /^(replace|remove) MooringNamespaces$/,
  /^publish$/,
];

/** Where there are bindings, their calls fail, too. */
export function inBindingWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.3)) return weather;
  const calls = [/^put binding$/, /^remove binding$/, /^get binding$/, /^(apply|remove) ClusterRole(Binding)?$/];
  return { ...weather, [dice.pick(["refused", "down"])]: dice.pick(calls) };
}

/** And where there are network policies. */
export function inNetworkWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.2)) return weather;
  return { ...weather, [dice.pick(["refused", "down"])]: dice.pick(lastingOnNetworks) };
}

export function createWeather(dice: Dice): FaultPlan {
  if (dice.chance(0.15)) return { passing: 0, deaths: 0, refused: undefined, down: undefined };
  return {
    passing: dice.pick([0, 0.01, 0.03, 0.1, 0.25]),
    deaths: dice.pick([0, 0, 0.01, 0.05]),
    refused: dice.chance(0.35) ? dice.pick(lasting) : undefined,
    down: dice.chance(0.2) ? dice.pick(lasting) : undefined,
  };
}

export function withPostgresWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.25) || weather.passing === 0) return weather;
  const which = dice.pick(lastingOnPostgres);
  return dice.chance(0.6) ? { ...weather, refused: which } : { ...weather, down: which };
}
