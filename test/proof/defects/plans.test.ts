/** Operations and undos that differ from their plans, which the worlds of plans must find. */

import { describe, expect, it } from "vitest";
import { planAndCancel } from "../support/canceled.ts";
import { planAndRun, type Spoil } from "../support/planned.ts";

const first = Number(process.env["MOORING_FIRST_SEED"] ?? Number(process.env["MOORING_TEST_SEED"] ?? 1) * 1_000_000);

/** Operations that differ from their plan; the test must find each. */
const planDefects: Readonly<Record<string, Spoil>> = {
  "a look that is not the plan's": (ports) => ({
    ...ports,
    kubernetes: { ...ports.kubernetes, get: async () => undefined },
  }),
  "a write that the plan does not know": ({ databases, ...ports }) => ({
    ...ports,
    databases: {
      ...databases,
      inspect: async (target, user) => {
        const state = await databases.inspect(target, user);
        return { ...state, users: state.users.map((each) => ({ ...each, roles: each.roles.slice(1) })) };
      },
    },
  }),
  "a blocker that does not stop it": ({ kubernetes, ...ports }) => ({
    ...ports,
    kubernetes: {
      ...kubernetes,
      apply: (cluster, object, { dryRun, ...options } = {}) =>
        dryRun ? Promise.resolve(object) : kubernetes.apply(cluster, object, options),
    },
  }),
};

describe("finds in an operation", () => {
  it.each(Object.entries(planDefects))("%s within 300 worlds", async (_defect, spoil) => {
    const problems: string[] = [];
    for (let seed = first; seed < first + 300 && problems.length === 0; seed += 1) {
      problems.push(...(await planAndRun(seed, { spoil })).problems);
    }

    expect(problems.join("\n")).toMatch(
      /was planned as|planned \[|nothing was said|it ended|does not say|has done something|it has written/,
    );
  });
});

describe("finds a plan", () => {
  it("that writes", async () => {
    const problems: string[] = [];
    const careless: Spoil = ({ kubernetes, ...ports }) => ({
      ...ports,
      kubernetes: {
        ...kubernetes,
        apply: (cluster, object, options) => kubernetes.apply(cluster, object, { ...options, dryRun: false }),
      },
    });
    for (let seed = first; seed < first + 300 && problems.length === 0; seed += 1) {
      problems.push(...(await planAndRun(seed, { spoilPlan: careless })).problems);
    }

    expect(problems.join("\n")).toMatch(/planning has written/);
  });
});

/** Undos that differ from the plan; the test must find each. */
const undoDefects: Readonly<Record<string, Spoil>> = {
  "an undo that finds nothing": ({ identities, ...ports }) => ({
    ...ports,
    identities: { ...identities, federatedCredentials: async () => [] },
  }),
  "a user that stays": ({ databases, ...ports }) => ({
    ...ports,
    databases: {
      ...databases,
      inspect: async (target, user) => {
        const state = await databases.inspect(target, user);
        return { ...state, users: state.users.map((each) => ({ ...each, mark: undefined })) };
      },
    },
  }),
};

describe("finds in a cancel", () => {
  it.each(Object.entries(undoDefects))("%s within 300 worlds", async (_defect, spoil) => {
    const problems: string[] = [];
    for (let seed = first; seed < first + 300 && problems.length === 0; seed += 1) {
      problems.push(...(await planAndCancel(seed, { spoil })).problems);
    }

    expect(problems.join("\n")).toMatch(/was planned as|not planned|not undone|planned \[/);
  });
});
