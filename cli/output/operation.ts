/** An operation as lines of text: its status, its steps, and what went wrong. Pure, so that it can be redrawn at any time. */

import { approversOf, mayDecide } from "../../clients/deciding.ts";
import { fixInCommands, type Subject } from "../../clients/fixes.ts";
import { phaseInWords, waitedMs } from "../../clients/operations.ts";
import { differencesOf, endsIn } from "../../clients/request.ts";
import { count } from "../../src/domain/count.ts";
import type { CallerDocument } from "../../src/domain/documents/caller.ts";
import type {
  AnyOperationDocument,
  AnySummary,
  OperationDocument,
  StepDocument,
} from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { actionText } from "./action.ts";
import { batchLines } from "./batch.ts";
import { type Fact, facts } from "./facts.ts";
import { fixFacts } from "./fixFacts.ts";
import { printable } from "./printable.ts";
import { describeRequest } from "./request.ts";
import { styleOf } from "./status.ts";
import { table } from "./table.ts";
import { age, duration, span } from "./times.ts";
import type { View } from "./view.ts";

export function targetOf(operation: AnySummary): string {
  return operation.kind === "batch"
    ? count(operation.requests, "namespace")
    : `${operation.cluster}/${operation.namespace}`;
}

/** `onboard aks-dev/team-a  Succeeded in 1.2 s` */
export function headline(operation: AnyOperationDocument, { now, paint }: View): string {
  const { status, phase } = operation;
  const waited = waitedMs(operation);
  const more = waited > 0 ? `, and waited ${span(waited / 1_000)} for approval` : "";
  const state = phase === "done" ? `${status} in ${ranFor(operation, now)}${more}` : `${phaseInWords(operation)} …`;
  return `${paint("bold", printable(`${titleOf(operation)} ${targetOf(operation)}`))}  ${paint(styleOf(operation), state)}`;
}

/** Without the time that people took to decide. */
export function ranFor(operation: AnySummary, now: Date): string {
  const { createdTime, endTime } = operation;
  return duration(new Date(Date.parse(createdTime) + waitedMs(operation)).toISOString(), endTime, now);
}

/** A batch of onboardings may also change namespaces; any other batch does the same to each. */
export function titleOf(operation: AnySummary): string {
  return operation.kind === "batch" && operation.action !== "onboard" ? operation.action : operation.kind;
}

export function stepLines(steps: readonly StepDocument[], view: View): readonly string[] {
  return table(
    steps,
    [
      { title: "STEP", cell: ({ name }) => stepInWords(name) },
      { title: "TARGET", cell: ({ target }) => target },
      { title: "ACTION", cell: actionOf },
      { title: "STATUS", cell: ({ status }) => status, style: styleOf },
      { title: "TIME", cell: ({ startTime, endTime }) => duration(startTime, endTime, view.now), goes: 1 },
      { title: "STARTED", cell: ({ startTime = "" }) => startTime, isWide: true },
      { title: "ERROR", cell: ({ error }) => error?.code ?? "", isWide: true },
    ],
    view,
  );
}

function actionOf({ attempts, ...step }: StepDocument): string {
  const done = step.status === "NotStarted" ? "" : actionText(step);
  return attempts < 2 ? done : `${done} try ${attempts}`.trim();
}

/** The whole operation, for `status` and the end of a --wait. `caller` is who reads it, if that is known. */
export function operationLines(
  operation: AnyOperationDocument,
  view: View,
  caller?: CallerDocument,
): readonly string[] {
  const { id, error, traceId, traceUrl, cancel } = operation;
  const { isWide } = view;
  const ended = error ? facts(errorFacts(operation), view) : [];
  return [
    headline(operation, view),
    ...facts(
      [
        ["id", id],
        requestedFact(operation, view),
        ...(operation.kind === "batch"
          ? []
          : ([
              ["batch", operation.batch],
              ["client", operation.result?.clientId],
              ["access ends", operation.kind === "offboard" ? "" : endsIn(operation.request).join("; ")],
              ...(operation.leftInPlace ?? []).map((text) => ["stays", text] as const),
            ] as const)),
        ["trace", traceUrl ?? (isWide || error ? traceId : undefined)],
        ...(isWide && operation.kind !== "batch" ? requestFacts(operation) : []),
        ...(cancel
          ? [["cancel", `asked by ${cancel.by}${cancel.comment === undefined ? "" : `: ${cancel.comment}`}`] as const]
          : []),
      ],
      view,
    ),
    ...(operation.kind !== "batch" && operation.phase === "awaitingApproval" && operation.approval
      ? ["", ...approvalLines(operation, view), ...decisionLines(operation, view, caller)]
      : []),
    ...(ended.length > 0 ? ["", ...ended] : []),
    ...(operation.kind !== "batch" && operation.stillToUndo ? ["", ...stillToUndoLines(operation, view)] : []),
    ...(operation.kind === "batch" ? ["", ...batchLines(operation, view)] : stepsWithTroubles(operation, view)),
  ];
}

export function requestedFact({ requestedBy, team, createdTime }: AnyOperationDocument, { now }: View): Fact {
  return ["by", `${requestedBy}${team === undefined ? "" : `, team ${team}`}, ${age(createdTime, now)} ago`];
}

function stepsWithTroubles(operation: OperationDocument, view: View): readonly string[] {
  const { steps } = operation;
  return [...(steps.length > 0 ? ["", ...stepLines(steps, view)] : []), ...troubles(steps, subjectOf(operation), view)];
}

function errorFacts(operation: AnyOperationDocument): readonly Fact[] {
  const { error } = operation;
  if (!error) return [];
  const { leftUndone = [] } = operation.kind === "batch" ? {} : operation;
  const [fix, ...next] = fixFacts(error, subjectOf(operation));
  return [
    ["error", `${error.code}: ${error.message}`],
    ...(fix ? [fix] : []),
    ["left", leftUndone.map(stepInWords).join(", ")],
    ...next,
  ];
}

/** What its undos still have to take away. Those that fail go on for a day, unless somebody ends that. */
function stillToUndoLines(operation: OperationDocument, view: View): readonly string[] {
  const { id, stillToUndo } = operation;
  if (!stillToUndo) return [];
  const { undos, since, error } = stillToUndo;
  const ending: readonly Fact[] = error
    ? [
        ["fix", fixInCommands(error, subjectOf(operation)).fix],
        ["or", "An operator ends the waiting, and what is left stays:"],
        ["", `mooring cancel ${id}`, "whole"],
      ]
    : [];
  const why = error ? `${error.code}: ${error.message}` : "A write may still take effect, so they look again.";
  return facts(
    [["to undo", undos.map(stepInWords).join(", ")], ["since", `${age(since, view.now)}`], ["why", why], ...ending],
    view,
  );
}

function subjectOf(operation: AnyOperationDocument): Subject {
  const { id } = operation;
  if (operation.kind === "batch") return { operation: id };
  const { cluster, namespace } = operation;
  return { operation: id, cluster, namespace };
}

/** Everything that an approval covers, so that nobody has to look elsewhere. */
export function approvalLines(operation: OperationDocument, view: View): readonly string[] {
  const { approval } = operation;
  if (!approval) return [];
  return facts(
    [
      ...approval.reasons.map((reason): Fact => ["waits", reason]),
      ...(approval.notices ?? []).map((notice): Fact => ["notice", notice]),
      ...requestFacts(operation),
      ["until", approval.expiresTime],
      ["approved", describeGiven(approval)],
    ],
    view,
  );
}

/** What its reader may do about it: decide, or take the request back. */
function decisionLines(
  { id, approval, requestedBy }: OperationDocument,
  view: View,
  caller: CallerDocument | undefined,
): readonly string[] {
  if (!approval) return [];
  const decides = !caller || mayDecide(caller, requestedBy);
  const chosen: readonly Fact[] = decides
    ? [
        ["next", `mooring approve ${id} --request-hash ${approval.requestHash}`, "whole"],
        ["or", `mooring reject ${id}`, "whole"],
      ]
    : [
        ["for", `${approversOf(approval)}, but not for whoever asked`],
        ["or", `mooring cancel ${id}`, "whole"],
      ];
  return facts(chosen, view);
}

function describeGiven({ needed, given = [] }: NonNullable<OperationDocument["approval"]>): string | undefined {
  if (needed === undefined) return undefined;
  const who = given.length === 0 ? "by nobody yet" : `by ${given.map(({ by }) => by).join(", ")}`;
  return `${who}; ${needed} different people have to approve a request from the queue`;
}

function requestFacts({ request, replaces }: OperationDocument): readonly Fact[] {
  if (!replaces) return [["asks", describeRequest(request)]];
  const changes = differencesOf(replaces, request).map(
    ({ field, current, desired }) => `${field}: ${current ?? "(not there)"} → ${desired ?? "(gone)"}`,
  );
  return [
    ["asks", describeRequest(request)],
    ["was", describeRequest(replaces)],
    ...changes.map((change): Fact => ["changes", change]),
  ];
}

/** Errors and notices of steps; for a step that will retry, also when. */
function troubles(steps: readonly StepDocument[], subject: Subject, view: View): readonly string[] {
  const met = steps.flatMap(({ name, target, error, nextRetryTime, notices = [] }) => [
    ...(error
      ? facts(
          [
            [stepInWords(name), `${target}: ${error.code}: ${error.message}`],
            ["fix", fixInCommands(error, subject).fix],
            ["again", nextRetryTime],
          ],
          view,
        )
      : []),
    ...notices.flatMap(({ code, message }) => facts([["notice", `${stepInWords(name)}: ${code}: ${message}`]], view)),
  ]);
  return met.length === 0 ? [] : ["", ...met];
}
