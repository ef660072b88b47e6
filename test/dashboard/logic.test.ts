/** Logic of the pages that needs no browser. */

import { expect, it } from "vitest";
import { countBySeverity, healthOf } from "../../clients/findings.ts";
import { printTargets, splitTargets } from "../../clients/request.ts";
import { filterNamespaces, type NamespaceFilters, sortNamespaces } from "../../dashboard/pages/namespaceFilters.ts";
import {
  choose,
  type Offered,
  offer,
  printCommand,
  reachableFrom,
  readRequest,
  withChosen,
} from "../../dashboard/pages/requestForm.ts";
import { createScale } from "../../dashboard/pages/scale.ts";
import { EventParser } from "../../dashboard/service/eventParser.ts";
import { createRequestKeys } from "../../dashboard/service/requestKeys.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";

it("reads a stream of events however it is split", () => {
  const stream =
    'retry: 1000\n\n: heartbeat\n\nevent: step\nid: a~b\ndata: {"name":"x\\ny"}\n\nevent: end\r\ndata: {}\r\n\r\n';
  const expected = [
    { event: "step", id: "a~b", data: { name: "x\ny" } },
    { event: "end", data: {} },
  ];
  for (const size of [1, 2, 7, stream.length]) {
    const parser = new EventParser();
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    expect(pieces.flatMap((piece) => parser.take(piece))).toEqual(expected);
  }
});

it("keeps the key of a request that is sent again, and gives an edited one its own", () => {
  const keyOf = createRequestKeys();
  const first = keyOf("/api/x", { comment: "a" });

  expect(keyOf("/api/x", { comment: "a" })).toBe(first);
  expect(keyOf("/api/x", { comment: "b" })).not.toBe(first);
  expect(keyOf("/api/x?ignoreDependants=true", { comment: "a" })).not.toBe(first);
  expect(keyOf("/api/x", { comment: "a" })).toBe(first);
  expect(createRequestKeys()("/api/x", { comment: "a" })).not.toBe(first);
});

it("shortens a wait in the chart only if it would hide the rest", () => {
  const whole = { from: 0, until: 1_000 };
  expect(createScale(whole).at(500)).toBe(50);
  expect(createScale(whole, { from: 100, until: 200 })).toMatchObject({ shortened: undefined });

  const scale = createScale(whole, { from: 10, until: 990 });

  expect([0, 10, 990, 1_000].map((time) => Math.round(scale.at(time) * 10) / 10)).toEqual([0, 37.5, 62.5, 100]);
  expect(scale.at(2_000)).toBe(100);
});

const parameters = (text: string) => new URLSearchParams(text);

it("reads a request from the address, and prints it as a command", () => {
  const databases = "sql-dev/messages=reader+writer,sql-dev/orders=reader";
  const request = readRequest(
    parameters(`cluster=aks-dev&namespace=team-a&team=red&databases=${encodeURIComponent(databases)}`),
  );

  expect(request).toEqual({
    cluster: "aks-dev",
    namespace: "team-a",
    team: "red",
    databases: [
      { server: "sql-dev", database: "messages", roles: ["reader", "writer"] },
      { server: "sql-dev", database: "orders", roles: ["reader"] },
    ],
  });
  expect(printTargets(splitTargets(databases))).toBe(databases);
  expect(request && printCommand({ ...request, namespace: "it's" })).toBe(
    [
      "mooring onboard 'aks-dev/it'\\''s'",
      "--database sql-dev/messages=reader,writer",
      "--database sql-dev/orders=reader",
      "--team red",
      "--wait",
    ].join(" \\\n  "),
  );
  expect(readRequest(parameters("cluster=aks-dev&namespace=team-a"))).toBeUndefined();
});

it("gives a target one word more or less, and leaves out one without any", () => {
  const chosen = splitTargets("uploads=read,jobs=send");

  expect(printTargets(choose(chosen, "uploads", "write", true))).toBe("jobs=send,uploads=read+write");
  expect(printTargets(choose(chosen, "uploads", "read", false))).toBe("jobs=send");
});

it("keeps when access ends, in the address and on the form", () => {
  const databases = "sql-dev/messages=reader~2027-01-31T00:00:00Z,sql-dev/orders=reader@sales+writer~P30D";
  const request = readRequest(
    parameters(`cluster=aks-dev&namespace=team-a&expiresAfter=P90D&databases=${encodeURIComponent(databases)}`),
  );

  expect(request).toEqual({
    cluster: "aks-dev",
    namespace: "team-a",
    expiresAfter: "P90D",
    databases: [
      { server: "sql-dev", database: "messages", roles: ["reader"], expiresAt: "2027-01-31T00:00:00Z" },
      { server: "sql-dev", database: "orders", roles: ["reader@sales", "writer"], expiresAfter: "P30D" },
    ],
  });
  expect(request && printCommand(request)).toBe(
    [
      "mooring onboard aks-dev/team-a",
      "--database sql-dev/messages=reader~2027-01-31T00:00:00Z",
      "--database sql-dev/orders=reader@sales,writer~P30D",
      "--expires-after P90D",
      "--wait",
    ].join(" \\\n  "),
  );
  expect(printTargets(choose(splitTargets("uploads=read~P30D"), "uploads", "write", true))).toBe(
    "uploads=read+write~P30D",
  );
});

it("offers the chosen team's part of the catalog, and all of it to an operator without a chosen team", () => {
  const catalog: Offered = {
    clusters: ["a", "b"].map((name) => ({ name, identityModes: ["workloadIdentity"] })),
    sqlServers: [{ name: "sql", databases: ["x", "y"].map((name) => ({ name, roles: ["reader", "writer"] })) }],
    targets: ["up", "down"].map((name) => ({ name, kind: "storageBlob", access: ["read", "write"] })),
    profiles: ["small", "large"].map((name) => ({ name })),
  };
  const team: Caller["teams"][number] = {
    name: "red",
    clusters: ["a"],
    namespaces: ["red-*"],
    databases: { sql: { x: ["reader", "owner"] } },
    targets: { up: ["read", "use"] },
    profiles: ["small"],
    quota: 1,
  };
  const caller: Caller = { id: "1", name: "one", roles: ["Onboarding.Request"], teams: [team] };
  const own: Offered = {
    clusters: [{ name: "a", identityModes: ["workloadIdentity"] }],
    sqlServers: [{ name: "sql", databases: [{ name: "x", roles: ["reader"] }] }],
    targets: [{ name: "up", kind: "storageBlob", access: ["read"] }],
    profiles: [{ name: "small" }],
  };

  expect(offer(catalog, caller, "")).toEqual(own);
  const operator: Caller = { ...caller, roles: ["Onboarding.Operate"] };
  expect([offer(catalog, operator, ""), offer(catalog, operator, "red")]).toEqual([catalog, own]);
});

it("offers no target of an environment that the chosen cluster may not cross to, but shows what is chosen", () => {
  const offered: Offered = {
    clusters: [{ name: "a", environment: "prod", identityModes: ["workloadIdentity"] }],
    sqlServers: (["prod", "dev", "shared"] as const).map((environment) => ({
      ...{ name: environment, environment },
      databases: [{ name: "x", roles: ["reader"] }],
    })),
    targets: [{ name: "up", kind: "storageBlob", access: ["read"] }],
    profiles: [],
    crossings: [{ clusters: "prod", targets: "shared" }],
  };
  const namesFrom = (cluster: string) => reachableFrom(cluster, offered).sqlServers.map(({ name }) => name);

  expect([namesFrom("a"), namesFrom("")]).toEqual([
    ["prod", "shared"],
    ["prod", "dev", "shared"],
  ]);
  expect(reachableFrom("a", offered).targets).toEqual(offered.targets);
  expect(withChosen([{ key: "up", access: ["read"] }], splitTargets("up=read,gone=write"))).toEqual([
    { key: "up", access: ["read"] },
    { key: "gone", access: ["write"] },
  ]);
});

it("derives one health: the state, or the worst finding that asks for something", () => {
  const health = (state: string, ...severities: readonly ("Error" | "Warning" | "Info")[]) =>
    healthOf({ state, findings: severities.map((severity) => ({ severity })) });

  expect(health("Onboarded")).toBe("Onboarded");
  expect(health("Onboarded", "Info")).toBe("Onboarded");
  expect(health("Onboarded", "Info", "Warning", "Error")).toBe("Error");
  expect(health("Incomplete", "Error")).toBe("Incomplete");
});

it("combines all filters of namespaces, and sorts the worst first", () => {
  const make = (namespace: string, severity?: "Error" | "Warning", verifiedTime?: string): Namespace => {
    const missing = { code: "USER_MISSING", target: "sql/orders", field: "user", fix: "Repair it." } as const;
    const request = { cluster: "a", namespace, identityMode: "workloadIdentity" as const, databases: [] };
    return {
      ...request,
      state: "Onboarded",
      operation: "1",
      requestedBy: "me",
      etag: '"1"',
      ...(verifiedTime === undefined ? {} : { verifiedTime }),
      findings: severity === undefined ? [] : [{ ...missing, severity, expected: "me", found: null, repairable: true }],
      request: { ...request, serviceAccount: "app", adoptionPolicy: "IfIdentical", deletePolicy: "Delete" },
    };
  };
  const all = [
    make("fine", undefined, "2026-01-02"),
    make("worse", "Warning", "2026-01-01"),
    make("worst", "Error"),
    make("never"),
  ];
  const none: NamespaceFilters = { q: "", cluster: "", state: "", mode: "", team: "", severity: "", migration: "" };
  const namesOf = (list: readonly Namespace[]) => list.map(({ namespace }) => namespace);

  expect(namesOf(filterNamespaces(all, { ...none, q: "WOR", severity: "Error" }))).toEqual(["worst"]);
  expect(namesOf(filterNamespaces(all, { ...none, severity: "none" }))).toEqual(["fine", "never"]);
  expect(all.map(({ findings }) => countBySeverity(findings))).toEqual([[], [["Warning", 1]], [["Error", 1]], []]);
  expect(namesOf(sortNamespaces(all, "severity"))).toEqual(["worst", "worse", "fine", "never"]);
  expect(namesOf(sortNamespaces(all, "verified"))).toEqual(["never", "worst", "worse", "fine"]);
});
