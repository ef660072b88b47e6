/** Output for people: tables that fit, messages that say what to do next, nothing that moves the cursor. */
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { NotSignedIn, Refused } from "../../cli/failures.ts";
import { approvalTable } from "../../cli/output/approvals.ts";
import { batchLines } from "../../cli/output/batch.ts";
import { createClock, describeEvent } from "../../cli/output/event.ts";
import { describeFailure } from "../../cli/output/failure.ts";
import { findingLines, summarizeFindings } from "../../cli/output/findings.ts";
import { namespaceLines } from "../../cli/output/namespaces.ts";
import { approvalLines, operationLines } from "../../cli/output/operation.ts";
import { operationTable } from "../../cli/output/operations.ts";
import { planLines } from "../../cli/output/plan.ts";
import { printable } from "../../cli/output/printable.ts";
import { spellingFor } from "../../cli/output/program.ts";
import { createProgress } from "../../cli/output/progress.ts";
import { table } from "../../cli/output/table.ts";
import { age, ahead, duration, span } from "../../cli/output/times.ts";
import type { View } from "../../cli/output/view.ts";
import { readBlock } from "../../cli/service/events.ts";
import { fixInCommands } from "../../clients/fixes.ts";
import type { BatchDocument, BatchItemDocument } from "../../src/domain/documents/batch.ts";
import { errorDocument } from "../../src/domain/documents/errorDocument.ts";
import type { OperationDocument } from "../../src/domain/documents/operation.ts";
import { type ErrorCode, fixDocumentOf } from "../../src/domain/errors.ts";
import { finding, toDocument } from "../../src/domain/finding.ts";
import type { Plan, StepPlan } from "../../src/domain/operation/plan.ts";
import { toNotice, toOperationError } from "../../src/domain/operation/plan.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";

const now = new Date("2026-01-01T12:00:00Z");
const view = (changes: Partial<View> = {}): View => ({
  width: undefined,
  now,
  isWide: false,
  paint: (_style, text) => text,
  ...changes,
});

const identity = "mooring-aks-dev-a-namespace-with-a-long-name-97c6e6f9";
const operation: OperationDocument = {
  id: "1eb066acc545eb-eeb4e713ef5927c9",
  kind: "onboard",
  status: "Running",
  phase: "provisioning",
  cluster: "aks-dev",
  namespace: "team-a",
  requestedBy: "somebody",
  createdTime: "2026-01-01T11:59:50Z",
  etag: '"3f9c"',
  request: OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }],
  }),
  steps: [
    { name: "ensureIdentity", target: identity, action: "create", status: "Succeeded", attempts: 1 },
    { name: "verify", target: "aks-dev/team-a", status: "NotStarted", attempts: 0 },
  ],
};

it("says that an offboarding removes, and counts apart how long people took to decide", () => {
  const at = (second: number) => new Date(Date.parse("2026-01-01T11:00:00Z") + second * 1_000).toISOString();
  const approval = { reasons: [], approvers: [], requestHash: "h", reminders: 0, expiresTime: at(99) };
  const decision = { kind: "approved", by: "ann", time: at(51) } as const;
  const approved: OperationDocument = {
    ...operation,
    status: "Succeeded",
    phase: "done",
    createdTime: at(0),
    endTime: at(52.7),
    approval: { ...approval, requestedTime: at(1), decision },
  };

  expect(operationLines({ ...operation, kind: "offboard" }, view())[0]).toMatch(/removing …$/);
  expect(operationLines(approved, view())[0]).toMatch(/Succeeded in 2\.7 s, and waited 50\.0 s for approval$/);
});

describe("an operation that waits for approval", () => {
  const approval = {
    reasons: ["Database sql-dev/orders needs approval."],
    notices: ["A rule of the catalog lets it cross environments: database sql-dev/orders is of …"],
    approvers: [{ role: "Onboarding.Approve" as const }],
    requestHash: "hash",
    requestedTime: "2026-01-01T11:00:00Z",
    expiresTime: "2026-01-01T13:00:00Z",
    reminders: 0,
  };
  const { id, cluster, namespace, status, requestedBy, createdTime, request, etag } = operation;
  const asked = { id, cluster, namespace, status, requestedBy, createdTime, request, approval, etag };
  const waiting = { ...asked, kind: "onboard", phase: "awaitingApproval" } as const;
  const database = (name: string, ...roles: ("reader" | "writer")[]) => ({ server: "sql-dev", database: name, roles });

  it("leaves out a second line in which every cell is empty", () => {
    const rows = [{ name: "a".repeat(30), detail: "" }];
    const columns = [
      { title: "NAME", cell: ({ name }: (typeof rows)[0]) => name },
      { title: "DETAIL OF IT", cell: ({ detail }: (typeof rows)[0]) => detail },
    ];

    expect(table(rows, columns, view({ width: 40 }))).toEqual(["NAME", "  DETAIL OF IT", "a".repeat(30)]);
  });

  it("fits in one line of a terminal: what changes, since when, until when", () => {
    const [title, first] = approvalTable([waiting], view({ width: 80 }));

    expect(title).toMatch(/^ID +NAMESPACE +CHANGES +WAITS +LEFT$/);
    expect(first).toBe(`${id}  aks-dev/team-a  onboard +orders  60m    60m`);
    expect(first?.length).toBeLessThanOrEqual(80);
  });

  it("names what a change adds, changes and removes, and counts what a row has no room for", () => {
    const replaces = {
      ...request,
      databases: [database("orders", "reader"), database("old", "reader"), database("same", "reader", "writer")],
    };
    const databases = [
      database("same", "writer", "reader"),
      database("orders", "writer"),
      database("new-1", "reader"),
      database("new-2", "reader"),
    ];
    const change = { ...waiting, kind: "change", replaces } as const;
    const changes = [
      { ...request, databases },
      { ...replaces, serviceAccount: "another" },
    ].map((wanted) => approvalTable([{ ...change, request: wanted }], view())[1]);

    expect(changes[0]).toContain("  change ~orders -old +new-1 and 1 more  ");
    expect(changes[1]).toContain("  change settings  ");
  });

  it("shows approvers all that is asked for, and what changes, also what only a newer service knows", () => {
    const asking = Object.assign({ ...request, databases: [database("orders", "writer")] }, { keyVaults: ["kv-dev"] });
    const document = { ...operation, approval, replaces: request, request: asking, kind: "change" } as const;

    const lines = approvalLines(document, view()).join("\n");

    expect(lines).toContain('keyVaults ["kv-dev"]');
    expect(lines).toMatch(/notice +A rule of the catalog lets it cross environments/);
    expect(lines).toMatch(/changes +keyVaults: \(not there\) → \["kv-dev"\]/);
    expect(lines).toMatch(/changes +database sql-dev\/orders: .* → writer/);
  });

  it("names the teams that must approve, with -o wide", () => {
    const approvers = [...approval.approvers, { role: "Onboarding.Approve" as const, team: "blue" }];
    const ofBlue = { ...waiting, approval: { ...approval, approvers, needed: 2, given: [{ by: "ann", time: "" }] } };
    const lines = approvalTable([waiting, ofBlue], view({ isWide: true }));

    expect(lines[1]).toContain("anyone with Onboarding.Approve");
    expect(lines[2]).toMatch(/1 of 2 +team blue /);
  });

  it("adds a column to the list of operations when one waits, within 80 columns", () => {
    const ended = { ...waiting, status: "Succeeded", phase: "done" } as const;

    expect(operationTable([ended], view())[0]).not.toContain("PHASE");
    expect(operationTable([ended, waiting], view())[2]).toContain("  Running    awaitingApproval  ");
    for (const line of operationTable([waiting], view({ width: 80 }))) expect(line.length).toBeLessThanOrEqual(80);
  });
});

it("a list shows what is still to undo, since when and why, only where something is", () => {
  const error = toOperationError("CLUSTER_UNREACHABLE", "aks-dev does not answer.");
  const waiting = { ...operation, stillToUndo: { undos: ["removeIdentity"], since: "2026-01-01T11:55:00Z", error } };

  expect(operationTable([operation], view())[0]).not.toContain("UNDO");
  const [titles, first, second] = operationTable([waiting, operation], view());
  expect(titles).toMatch(/ {2}TO UNDO +UNDO WAITS/);
  expect(first).toMatch(/ {2}remove identity {2}5m CLUSTER_UNREACHABLE/);
  expect(second).not.toContain("remove identity");
});

describe("a table", () => {
  const rows = [{ name: identity, state: "Onboarded", parts: "sql-dev/orders sql-dev/messages", age: "5m" }];
  type Row = (typeof rows)[number];
  const columns = [
    { title: "NAME", cell: ({ name }: Row) => name },
    { title: "STATE", cell: ({ state }: Row) => state },
    { title: "AGE", cell: (row: Row) => row.age, goes: 2 },
    { title: "PARTS", cell: ({ parts }: Row) => parts, wraps: true as const, goes: 1 },
  ];

  it("wraps words that do not fit on a line", () => {
    expect(table(rows, columns, view({ width: 91 }))).toEqual([
      `NAME${" ".repeat(identity.length - 2)}STATE      AGE  PARTS`,
      `${identity}  Onboarded  5m   sql-dev/orders`,
      `${" ".repeat(identity.length)}                  sql-dev/messages`,
    ]);
  });

  it("then drops optional columns in their order, and finally continues in a second line", () => {
    const told = [80, 68, 60, 40].map((width) => table(rows, columns, view({ width })));

    expect(told[0]?.[1]).toBe(`${identity}  Onboarded  5m`);
    expect(told[1]?.[1]).toBe(`${identity}  Onboarded`);
    expect(told[2]).toEqual(["NAME", "  STATE", identity, "  Onboarded"]);
    expect(told[3]?.[2]).toBe(identity);
  });

  it("has one line per row in a pipe and with -o wide", () => {
    const whole = `${identity}  Onboarded  5m   sql-dev/orders sql-dev/messages`;

    expect(table(rows, columns, view())[1]).toBe(whole);
    expect(table(rows, columns, view({ width: 20, isWide: true }))[1]).toBe(whole);
  });
});

it("shows control characters as codes", () => {
  expect(printable("a\u001b[2Jb\r\u009b\u202ec\nd")).toBe("a\\u001b[2Jb\\u000d\\u009b\\u202ec d");
});

it("prints times so that they are easy to compare", () => {
  const ago = (seconds: number) => age(new Date(now.getTime() - seconds * 1_000).toISOString(), now);

  expect([5, 119, 300, 7_000, 90_000, 260_000].map(ago)).toEqual(["5s", "119s", "5m", "117m", "25h", "3d"]);
  expect(age(undefined, now)).toBe("");
  expect(duration("2026-01-01T11:59:58.750Z", undefined, now)).toBe("1.3 s");
  expect([0.04, 99, 150, 7_200].map(span)).toEqual(["0.0 s", "99.0 s", "3 min", "2 h"]);
});

const fixable = (code: ErrorCode) => fixDocumentOf(code, "answered");

describe("a failure", () => {
  const problem = {
    status: 409,
    code: "OPERATION_IN_PROGRESS",
    detail: "Operation 1 runs for aks-dev/team-a.",
    ...fixable("OPERATION_IN_PROGRESS"),
    traceId: "abc",
  };

  it("of the service is shown with its fix, its trace and the next command", () => {
    expect(describeFailure(new Refused(problem, { operation: "1-2" }), view())).toEqual([
      "mooring: OPERATION_IN_PROGRESS: Operation 1 runs for aks-dev/team-a.",
      "  fix    Wait for the operation that the message names, then send the request again.",
      "  next   mooring status 1-2 --wait",
      "  trace  abc",
    ]);
  });

  it("of the service completes the commands with the operation, and suggests each once", () => {
    const detail = "Operation 1-2 has ended: Succeeded.";
    const ended = { ...problem, code: "OPERATION_ENDED", detail, ...fixable("OPERATION_ENDED") };

    const lines = describeFailure(new Refused(ended, { operation: "1-2" }), view());

    expect(lines[1]).toMatch(/^ {2}fix {4}Check its status with mooring status 1-2\. /);
    expect(lines.slice(2)).toEqual(["  next   mooring status 1-2", "  trace  abc"]);
  });

  it("suggests no command of which a part is unknown", () => {
    const code = "NOTHING_TO_COMPENSATE";
    const lines = describeFailure(new Refused({ ...problem, code, ...fixable(code) }, {}), view());

    expect(lines.map((line) => line.slice(0, 6))).toEqual(["moorin", "  fix ", "  trac"]);
  });

  it("wraps text, and keeps in one piece what is copied", () => {
    const command = `mooring approve ${operation.id} --request-hash ${"0".repeat(64)}`;

    const lines = describeFailure(new NotSignedIn("word ".repeat(30).trim(), { next: [command] }), view({ width: 80 }));

    expect(lines.slice(0, -1).every((line) => line.length <= 80)).toBe(true);
    expect(lines.at(-1)).toContain(command);
  });
});

it("suggests commands with the name by which the program was called", () => {
  const npx = spellingFor({ npm_command: "exec" }, ["list"]);
  const elsewhere = spellingFor({}, ["list", "--server", "http://127.0.0.1:7072"]);

  expect(npx("  next   mooring status 1 --wait")).toBe("  next   npx mooring status 1 --wait");
  expect(npx("mooring: it is mooring: that speaks")).toBe("mooring: it is mooring: that speaks");
  expect(elsewhere("see `mooring status 1`")).toBe("see `mooring --server http://127.0.0.1:7072 status 1`");
  expect(elsewhere("here: mooring up")).toBe("here: mooring up");
});

describe("an operation", () => {
  it("that waits shows the request and the complete command that approves it", () => {
    const hash = "a".repeat(64);
    const waiting: OperationDocument = {
      ...operation,
      phase: "awaitingApproval",
      approval: {
        reasons: ["Database sql-dev/orders needs approval."],
        approvers: [{ role: "Onboarding.Approve" }],
        requestHash: hash,
        requestedTime: "2026-01-01T11:59:50.000Z",
        expiresTime: "2026-01-08T11:59:50.000Z",
        reminders: 0,
      },
    };

    const lines = operationLines(waiting, view({ width: 80 }));

    expect(lines[0]).toBe("onboard aks-dev/team-a  waits for approval …");
    expect(lines).toContain("  waits  Database sql-dev/orders needs approval.");
    expect(lines).toContain(`  next  mooring approve ${operation.id} --request-hash ${hash}`);

    const requester = { id: operation.requestedBy, name: "", roles: ["Onboarding.Approve" as const], teams: [] };
    const own = operationLines(waiting, view({ width: 80 }), requester);
    expect(own.join("\n")).not.toContain("mooring approve");
    expect(own).toContain("  for  anyone with Onboarding.Approve, but not for whoever asked");
    expect(own).toContain(`  or   mooring cancel ${operation.id}`);
  });

  it("that failed shows why, what to do, and the command for it", () => {
    const error = errorDocument("ended", toOperationError("COMPENSATION_FAILED", "The identity is left."));
    const failed: OperationDocument = {
      ...operation,
      status: "Failed",
      phase: "done",
      error,
      leftUndone: ["removeIdentity"],
    };

    const lines = operationLines(failed, view());

    expect(lines).toContain("  error  COMPENSATION_FAILED: The identity is left.");
    expect(lines).toContain("  left   remove identity");
    expect(lines).toContain(`  next   mooring compensate ${operation.id}`);
    expect(lines.join("\n")).toContain(`Remove the obstacle, then mooring compensate ${operation.id}.`);
  });

  it("names what it left in place although it succeeded", () => {
    const kept = 'remove identity id-team-a: The catalog has no cluster "aks-dev".';
    const ended: OperationDocument = { ...operation, status: "Succeeded", phase: "done", leftInPlace: [kept] };

    expect(operationLines(ended, view())).toContainEqual(
      expect.stringMatching(/^ {2}stays +remove identity id-team-a: /),
    );
  });

  it("that still has something to undo shows what, since when, why, and how an operator ends that", () => {
    const error = toOperationError("CLUSTER_UNREACHABLE", "aks-dev does not answer.");
    const undos = ["removeNamespace", "removeIdentity"];
    const waiting = { ...operation, stillToUndo: { undos, since: "2026-01-01T11:55:00Z", error } };
    const { error: _none, ...looking } = waiting.stillToUndo;

    const lines = operationLines(waiting, view());
    const calm = operationLines({ ...operation, stillToUndo: looking }, view()).join("\n");

    expect(lines).toContain("  to undo  remove namespace, remove identity");
    expect(lines).toContain("  since    5m");
    expect(lines).toContain("  why      CLUSTER_UNREACHABLE: aks-dev does not answer.");
    expect(lines).toContain(`           mooring cancel ${operation.id}`);
    expect(lines.join("\n")).toContain("An operator ends the waiting");
    expect(calm).toContain("A write may still take effect");
    expect(calm).not.toContain("mooring cancel");
  });

  it("says that nothing needs to be done about a step only while it is retried", () => {
    const met = (status: "Running" | "Failed") => {
      const error = errorDocument(
        status === "Running" ? "retried" : "ended",
        toOperationError("SQL_UNAVAILABLE", "Paused."),
      );
      const step = { name: "grantDatabase", target: "sql-dev/orders", status, attempts: 8, error };
      return operationLines({ ...operation, steps: [step] }, view()).join("\n");
    };

    expect(met("Running")).toContain("Nothing: Mooring tries again; a paused serverless database");
    expect(met("Failed")).not.toContain("Nothing");
    expect(met("Failed")).toContain("then send the request again.");
  });
});

describe("a batch", () => {
  const item = (index: number, status: BatchDocument["status"], error?: object) =>
    ({
      index,
      cluster: "aks-dev",
      namespace: `team-${index}`,
      status,
      ...(error ? { error } : {}),
    }) as BatchItemDocument;
  const error = errorDocument("ended", toOperationError("NOT_ALLOWED", "No."));
  const items = [item(0, "Succeeded"), item(1, "Running"), item(2, "Failed", error), item(3, "Canceled")];
  const totals = { requests: 4, notStarted: 0, running: 1, succeeded: 1, unchanged: 0, failed: 1, canceled: 1 };

  it("shows failures first: the errors, then the rows", () => {
    const lines = batchLines({ totals, items } as object as BatchDocument, view());

    expect(lines.flatMap((line) => line.match(/error|team-\d/)?.[0] ?? [])).toEqual([
      ...["error", "team-2", "team-3", "team-1", "team-0"],
    ]);
  });

  it("that failed names a command that shows what failed, and not the one that printed this", () => {
    const { fixParts, fix } = fixDocumentOf("BATCH_INCOMPLETE", "ended");

    expect(fixInCommands({ fix, fixParts }, { operation: "1-2" }).next).toBe("mooring status 1-2 --status Failed");
  });
});

it("says when an end has passed, and not that it is now", () => {
  const { cluster, namespace, requestedBy, request, etag } = operation;
  const record = { cluster, namespace, requestedBy, request, etag, operation: operation.id, findings: [] };
  const rest = { state: "Onboarded", identityMode: "workloadIdentity", databases: [] as never[] } as const;
  const endsAt = (time: string) =>
    namespaceLines({ ...record, ...rest, expiry: { time } }, view())
      .find((line) => line.startsWith("  ends"))
      ?.replace(/^ +ends +/, "");

  expect(endsAt("2026-01-01T14:00:00Z")).toBe("2026-01-01T14:00:00Z (in 2h): is offboarded");
  expect(endsAt("2026-01-01T11:55:00Z")).toBe("2026-01-01T11:55:00Z (5m ago): is offboarded within minutes");
  expect(ahead("2026-01-01T11:55:00Z", now)).toBe("5m ago");
});

it("says how a stopped migration continues, and how it is reverted", () => {
  const { cluster, namespace, requestedBy, request, etag } = operation;
  const record = { cluster, namespace, requestedBy, request, etag, operation: operation.id, findings: [] };
  const linesOf = (migration: { to?: "podIdentity"; completed: "cutOver"; selector: string }) =>
    namespaceLines(
      { ...record, state: "Onboarded", identityMode: "podIdentity", databases: [], migration },
      view(),
    ).join("\n");

  expect(linesOf({ completed: "cutOver", selector: "x" })).toContain(
    "stopped after cutOver; mooring migrate continues, mooring migrate --to podIdentity reverses it",
  );
  expect(linesOf({ to: "podIdentity", completed: "cutOver", selector: "x" })).toContain(
    "stopped to podIdentity after cutOver; mooring migrate --to podIdentity continues, mooring migrate reverses it",
  );
});

it("shows every field of a request, to who asks for a namespace and to who has to approve", () => {
  const request = OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    team: "red",
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    targets: [{ target: "uploads", access: ["read"], expiresAt: "2026-02-01T00:00:00Z" }],
    identityMode: "workloadIdentity",
    serviceAccount: "runner",
    namespaceProfile: "small",
    adoptionPolicy: "Never",
    deletePolicy: "Keep",
    expiresAt: "2026-03-01T00:00:00Z",
  });
  const { cluster, namespace, requestedBy, etag } = operation;
  const record = { cluster, namespace, requestedBy, request, etag, operation: operation.id, findings: [] };
  const shown = namespaceLines(
    { ...record, state: "Onboarded", identityMode: "workloadIdentity", databases: [] },
    view(),
  );
  const approval = {
    ...{ requestedTime: "2026-01-01T11:59:50Z", expiresTime: "2026-01-02T11:59:50Z" },
    ...{ requestHash: "f00", reasons: ["Why."], approvers: [], reminders: 0 },
  };
  const asked = approvalLines({ ...operation, request, approval }, view()).join("\n");

  expect(shown).toContain("  profile    small");
  expect(shown).toContain("  account    runner");
  expect(shown).toContain("  adoption   Never");
  expect(shown).toContain("  deletion   Keep");
  expect(shown).toContain("  target     uploads=read~2026-02-01T00:00:00Z");
  for (const told of [
    ...["sql-dev/messages=reader", "uploads=read~2026-02-01T00:00:00Z", "team red", "identity workloadIdentity"],
    ...["account runner", "profile small", "adoption Never", "deletion Keep", "ends 2026-03-01T00:00:00Z"],
  ])
    expect(asked).toContain(told);
});

it("prints a plan: what is written, what is in the way, what it waits for", () => {
  const blocker = toOperationError("KUBERNETES_CONFLICT", "Not Mooring's.");
  const plan: Plan = {
    blocked: true,
    needsApproval: ["Role owner on sql-dev/messages needs approval."],
    estimate: { least: 1, most: 20, boundBy: [], operationsAhead: 1, measuredSteps: 0, assumedSteps: 2 },
    steps: [
      {
        name: "ensureIdentity",
        target: identity,
        action: "update",
        differences: [{ field: "location", current: "westeurope", desired: "northeurope" }],
        blockers: [],
      },
      { name: "applyNamespace", target: "aks-dev/team-a", action: "conflict", differences: [], blockers: [blocker] },
    ],
  };

  const lines = planLines("onboard aks-dev/team-a", plan, view());

  expect(lines[0]).toBe("onboard aks-dev/team-a  blocked by 1 problem; nothing would be written");
  expect(lines).toContain(`~ set up identity  ${identity}  update`);
  expect(lines).toContain("      location  westeurope → northeurope");
  expect(lines).toContain("      blocked  KUBERNETES_CONFLICT: Not Mooring's.");
  expect(lines).toContain("  approval  Role owner on sql-dev/messages needs approval.");
  expect(lines).toContain("  takes     1.0 s to 20.0 s, with 1 operation ahead");
});

it("says from when to when a renewal moves the end, and lists no step that writes nothing", () => {
  const databases = [{ server: "sql-dev", database: "messages", roles: ["reader" as const] }];
  const replaces = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a", databases, expiresAt: "2026-03-02T00:00:00Z" },
    targets: [{ target: "uploads", access: ["read"] }],
  });
  const step: StepPlan = { name: "narrowTarget", target: "uploads", action: "none", differences: [], blockers: [] };
  const show = (request: OnboardingRequest, needsApproval: string[] = []) =>
    planLines("renew x", { blocked: false, needsApproval, steps: [step], request, replaces }, view());
  const targets = [{ target: "uploads", access: ["read" as const], expiresAt: "2026-02-01T00:00:00Z" }];

  expect(show({ ...replaces, expiresAt: "2026-04-01T00:00:00Z" }, ["It is production."])).toEqual([
    "renew x  moves the end of access after approval",
    "",
    "  access ends  2026-04-01T00:00:00Z, no longer 2026-03-02T00:00:00Z",
    "  approval     It is production.",
  ]);
  expect(show({ ...replaces, targets })).toContain(
    "  access ends  uploads 2026-02-01T00:00:00Z, no longer 2026-03-02T00:00:00Z",
  );
  const { expiresAt: _end, ...endless } = replaces;
  expect(show(endless)).toContain("  access ends  never, no longer 2026-03-02T00:00:00Z");
  expect(show(replaces)[0]).toBe("renew x  nothing to change");
});

it("prints findings with their fixes", () => {
  const found = [
    finding("USER_MISSING", "sql-dev/messages", { field: "user", expected: "mooring-x", found: null }),
    finding("CREDENTIAL_ADDED", "mooring-x", { field: "subject", expected: null, found: "system:serviceaccount:x:y" }),
  ].map(toDocument);

  const lines = findingLines(found, { cluster: "aks-dev", namespace: "team-a" }, view());

  expect(summarizeFindings(found)).toBe("1 Error, 1 Warning");
  expect(summarizeFindings([])).toBe("none");
  expect(lines[0]).toBe("Error  USER_MISSING  database sql-dev/messages");
  expect(lines).toContain("    fix       mooring repair aks-dev/team-a fixes it.");
  expect(lines.join("\n")).toContain("az identity federated-credential delete");
});

it("prints an event on one line, but not the end event, which repeats the line before it", () => {
  const step = {
    name: "grantDatabase",
    target: "sql-dev/orders",
    status: "Running",
    attempts: 2,
    startTime: now.toISOString(),
  };
  const error = toOperationError("SQL_UNAVAILABLE", "It\nresumes.");

  const telling = { isOfAll: false, clock: createClock() };

  const line = describeEvent({ event: "step", id: "1", data: { ...step, error } }, view(), telling);

  expect(line).toMatch(
    /^\d\d:00:00 {4}grant database access sql-dev\/orders {2}Running {2}try 2 {2}SQL_UNAVAILABLE: It resumes\.$/,
  );
  expect(describeEvent({ event: "end", id: "2", data: {} }, view(), telling)).toBeUndefined();
});

it("prints events in order of time: no line has an earlier time than the one above", () => {
  const telling = { isOfAll: true, clock: createClock() };
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000).toISOString();
  const tell = (seconds: number, event: string, data: object) =>
    describeEvent({ event, id: "", data: { ...operation, ...data } }, view({ now: new Date(at(seconds)) }), telling);
  const step = { operation: operation.id, name: "grantDatabase", target: "sql-dev/orders", startTime: at(1) };

  const lines = [
    tell(9, "operation", { startTime: at(0), phase: "preflight" }),
    tell(9, "step", { ...step, status: "Running", attempts: 1 }),
    tell(9, "step", { ...step, name: "verify", status: "Succeeded", attempts: 1, endTime: at(2) }),
    tell(9, "operation", { startTime: at(0), phase: "provisioning" }),
    tell(20, "step", { ...step, status: "Running", attempts: 2 }),
    tell(21, "operation", { id: "other", startTime: at(3), phase: "preflight" }),
    tell(31, "operation", { startTime: at(0), status: "Succeeded", phase: "done", endTime: at(30) }),
  ];

  expect(lines.map((line) => line?.slice(6, 8))).toEqual(["00", "01", "02", "09", "20", "20", "30"]);
});

it("reads blocks of server-sent events: comments, several lines of data, values with colons", () => {
  expect(readBlock("event: step\nid: a:b~c\ndata: {\ndata: }")).toEqual({ event: "step", id: "a:b~c", data: "{\n}" });
  expect(readBlock("retry: 1000")).toEqual({ retry: 1_000 });
  expect(readBlock(": heartbeat")).toEqual({});
});

describe("progress", () => {
  function stream(terminal: { isTTY: boolean }) {
    const written: string[] = [];
    const sink = new PassThrough().on("data", (chunk: Buffer) => void written.push(chunk.toString()));
    return { written, stderr: Object.assign(sink, { columns: 80, rows: 24, ...terminal }) as never };
  }

  it("in a pipe is one line for each change, without repetition", () => {
    const { written, stderr } = stream({ isTTY: false });
    const progress = createProgress(stderr);

    progress.show(operation);
    progress.show(operation);
    progress.end({ isShownElsewhere: false });

    expect(written.join("")).toBe(
      `onboard aks-dev/team-a  provisioning …\n  set up identity ${identity}: create Succeeded\n`,
    );
  });

  it("says which pods a migration waits for, and repeats it when the pods change", () => {
    const { written, stderr } = stream({ isTTY: false });
    const progress = createProgress(stderr);
    const waitingFor = (message: string, attempts: number): OperationDocument => {
      const notices = [toNotice("WAITS_FOR_PODS", message)];
      const nextRetryTime = "2026-01-01T12:00:05Z";
      const step = { name: "checkPods", target: "aks-dev/team-a", status: "Running" as const, attempts };
      return { ...operation, kind: "migrate", steps: [{ ...step, notices, nextRetryTime }] };
    };

    progress.show(waitingFor("2 pod(s): a, b.", 1));
    progress.show(waitingFor("2 pod(s): a, b.", 2));
    progress.show(waitingFor("1 pod(s): b.", 3));

    expect(written.slice(1)).toEqual(["  check pods waits: 2 pod(s): a, b.\n", "  check pods waits: 1 pod(s): b.\n"]);
  });

  it("on a terminal removes itself, and restores the cursor", () => {
    const before = process.env["CI"];
    delete process.env["CI"];
    const { written, stderr } = stream({ isTTY: true });
    const progress = createProgress(stderr);

    progress.show(operation);
    progress.above(() => written.push("a notice\n"));
    progress.end({ isShownElsewhere: true });
    if (before !== undefined) process.env["CI"] = before;

    const text = written.join("");
    expect(text).toContain("\u001b[?25l");
    expect(text).toContain("\u001b[7A\r\u001b[0Ja notice\n");
    expect(text.endsWith("\u001b[7A\r\u001b[0J\u001b[?25h")).toBe(true);
    for (const line of stripVTControlCharacters(text).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
