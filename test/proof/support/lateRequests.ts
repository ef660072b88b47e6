/** What the schedules of late landings ask for: half of them also other targets than databases, profiles and other identity modes. */

import { createDice, type Dice } from "test-support/random";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { type FakeCloud, catalog as plain } from "../../support/fakeCloud.ts";
import { postgresTargets } from "./postgresWorld.ts";
import { roleTargets } from "./roleTargets.ts";

const documents = {
  kind: "cosmosNoSql",
  resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos1",
  ...{ database: "shop", access: ["read", "write"] },
};

/** Those on which Azure gives roles, and in Cosmos DB and PostgreSQL. */
export const lateTargets: Catalog["targets"] = Catalog.parse({
  ...plain,
  targets: { ...roleTargets, documents, ...postgresTargets },
}).targets;

export interface LateRequests {
  next(): OnboardingRequest;
  /** Where the next migration goes; undefined in a schedule that has none. */
  nextMode(request: OnboardingRequest): IdentityMode | undefined;
  readonly guestBinds: boolean;
  /** Somebody gives a profile of the catalog other values; perhaps nobody does. */
  revise(catalog: FakeCloud["ports"]["catalog"]): void;
}

export const home = { cluster: "aks-dev", namespace: "team-a" };

/** Separate dice for all that is wider, so that every other seed keeps its schedule. */
export function createLateRequests(seed: number, dice: Dice, binds: boolean): LateRequests {
  const wider = createDice(seed ^ 0x31de);
  const isWide = wider.chance(0.5);
  const roams = isWide && wider.chance(0.5);
  const mine = binds ? "identityBinding" : "workloadIdentity";
  const onRoles = createDice(seed ^ 0x70e5)
    .shuffle(roleAccess)
    .slice(0, 2);
  return {
    guestBinds: createDice(seed ^ 0x6b1d).chance(0.4),
    next() {
      const databases = dice.pick([["messages"], ["messages", "orders"]]);
      return OnboardingRequest.parse({
        ...home,
        identityMode: dice.pick([mine, mine, "podIdentity"]),
        databases: databases.map((database) => ({ server: "sql-dev", database, roles: ["reader"] })),
        deletePolicy: "Delete",
        ...(isWide ? moreOf(wider, [...onRoles, ...otherAccess]) : {}),
      });
    },
    nextMode({ identityMode }) {
      if (!roams || !wider.chance(0.5)) return undefined;
      const modes: readonly IdentityMode[] = ["workloadIdentity", "podIdentity", "identityBinding"];
      return wider.pick(modes.filter((mode) => mode !== identityMode));
    },
    revise({ profiles }) {
      if (!isWide || !wider.chance(0.3)) return;
      const { small } = profiles;
      if (small) Object.assign(profiles, { small: { ...small, quota: { pods: wider.pick(["5", "6", "7"]) } } });
    },
  };
}

/** Of these, a schedule has two. */
const roleAccess = Object.entries(roleTargets).map(([target, { access }]) => ({ target, access: access.slice(0, 1) }));

const otherAccess = [
  { target: "documents", access: ["read"] },
  { target: "ledger", access: ["read"] },
  { target: "monthly", access: ["write"] },
];

function moreOf(dice: Dice, choice: typeof otherAccess): object {
  const targets = dice.shuffle(choice).slice(0, dice.roll(3));
  const namespaceProfile = dice.pick([undefined, "small", "large"]);
  return {
    ...(targets.length === 0 ? {} : { targets }),
    ...(namespaceProfile === undefined ? {} : { namespaceProfile }),
  };
}
