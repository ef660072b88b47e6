/** What a request takes from a namespace, told before it is taken. */
import { expect, it } from "vitest";
import { type Loss, lossesOf, onlyTakesAway } from "../../../src/domain/request/loss.ts";
import { lossText } from "../../../src/domain/request/lossText.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const on = (databases: Record<string, readonly string[]>, changes: object = {}) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: Object.entries(databases).map(([database, roles]) => ({ server: "sql-dev", database, roles })),
    ...changes,
  });
const both = { messages: ["reader", "writer"], orders: ["executor"] };
const podIdentity = { identityMode: "podIdentity" };

it.each<[string, OnboardingRequest, OnboardingRequest, readonly string[]]>([
  ["the same", on(both), on(both), []],
  ["the same in another order", on(both), on({ orders: ["executor"], messages: ["writer", "reader"] }), []],
  ["more", on({ messages: ["reader"] }), on(both), []],
  ["one database of two", on(both), on({ messages: ["reader", "writer"] }), ["database sql-dev/orders (executor)"]],
  [
    "fewer roles",
    on(both),
    on({ messages: ["reader"], orders: ["executor"] }),
    ["writer on database sql-dev/messages"],
  ],
  ["a role that includes the earlier one", on({ messages: ["reader"] }), on({ messages: ["writer"] }), []],
  [
    "a role that includes a part",
    on({ messages: ["reader", "executor"] }),
    on({ messages: ["writer"] }),
    ["executor on database sql-dev/messages"],
  ],
  ["another service account", on(both), on(both, { serviceAccount: "web" }), ["service account app"]],
  ["another selector", on(both, podIdentity), on(both, { ...podIdentity, selector: "x" }), ["selector team-a"]],
  ["the default selector by name", on(both, podIdentity), on(both, { ...podIdentity, selector: "team-a" }), []],
  ["another policy", on(both), on(both, { deletePolicy: "Keep", adoptionPolicy: "Never" }), []],
])("%s", (_title, earlier, request, expected) => {
  expect(lossesOf(request, earlier).map(lossText)).toEqual(expected);
});

it("is data, with everything that is lost", () => {
  expect(lossesOf(on({ messages: ["reader"] }), on(both))).toEqual([
    { thing: "database", name: "sql-dev/messages", access: ["writer"], isWhole: false },
    { thing: "database", name: "sql-dev/orders", access: ["executor"], isWhole: true },
  ] satisfies Loss[]);
});

const ending = { expiresAt: "2027-01-31T00:00:00Z" };
it.each<[string, OnboardingRequest, OnboardingRequest, boolean]>([
  ["one database less", on(both), on({ messages: ["reader", "writer"] }), true],
  ["fewer roles", on(both), on({ ...both, messages: ["reader"] }), true],
  ["less, and an earlier end", on(both), on({ messages: ["reader"] }, ending), true],
  ["the same", on(both), on(both), false],
  ["less, and for longer", on(both, ending), on({ messages: ["reader"] }), false],
  ["less here, more there", on({ messages: ["writer"] }), on({ orders: ["reader"] }), false],
  ["less, and another service account", on(both), on({ messages: ["reader"] }, { serviceAccount: "web" }), false],
])("tells whether it only takes away: %s", (_title, earlier, request, expected) => {
  expect(onlyTakesAway(request, earlier)).toBe(expected);
});
