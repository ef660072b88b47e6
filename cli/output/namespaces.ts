/** Namespaces: the list, and the details of each. */

import { accessIn, isAsked, stateInWords } from "../../clients/access.ts";
import { modesOf } from "../../clients/modes.ts";
import { withEnd } from "../../clients/request.ts";
import { count } from "../../src/domain/count.ts";
import type { NamespaceDocument } from "../../src/domain/documents/namespace.ts";
import { defaultMode } from "../../src/domain/request/modes.ts";
import { type Fact, facts } from "./facts.ts";
import { findingLines, summarizeFindings } from "./findings.ts";
import { settingFacts } from "./request.ts";
import { type Column, table } from "./table.ts";
import { age, ahead } from "./times.ts";
import type { Style, View } from "./view.ts";

export function nameOf({ cluster, namespace }: Pick<NamespaceDocument, "cluster" | "namespace">): string {
  return `${cluster}/${namespace}`;
}

/** What it says beside its targets; a service of release 0.1.0 answers with those alone. */
function settingsIn({ request }: Pick<NamespaceDocument, "request">): object {
  const { databases: _databases, targets: _targets, ...settings } = request ?? {};
  return settings;
}

function reached(namespace: NamespaceDocument): string {
  const keys = accessIn(namespace).flatMap((each) => {
    const { target, state, isLeaving } = each;
    if (isAsked(each)) return [];
    return [state === "inForce" && !isLeaving ? target : `${target} (${stateInWords(state, isLeaving)})`];
  });
  return [...new Set(keys)].join(" ");
}

function asked(namespace: NamespaceDocument): string {
  return [
    ...new Set(
      accessIn(namespace)
        .filter(isAsked)
        .map(({ target }) => target),
    ),
  ].join(" ");
}

function accessFacts(namespace: NamespaceDocument): readonly Fact[] {
  return accessIn(namespace).map(({ kind, target, access, state, until, isLeaving }) => {
    const end = until === namespace.expiry?.time && state === "inForce" ? undefined : until;
    const is = state === "inForce" && !isLeaving ? "" : `, ${stateInWords(state, isLeaving)}`;
    return [kind, `${target}=${withEnd(access.join(","), end)}${is}`];
  });
}

export function namespaceTable(namespaces: readonly NamespaceDocument[], view: View): readonly string[] {
  return table(namespaces, namespaceColumns(view, namespaces), view);
}

/** Whether access ends is a column only where some does. */
export function namespaceColumns(
  view: View,
  namespaces: readonly NamespaceDocument[] = [],
): readonly Column<NamespaceDocument>[] {
  return [
    { title: "NAMESPACE", cell: nameOf },
    { title: "STATE", cell: ({ state }) => state, style: styleOfState },
    { title: "IDENTITY", cell: ({ identityMode }) => identityMode, goes: 1 },
    { title: "FINDINGS", cell: ({ findings }) => summarizeFindings(findings) },
    { title: "VERIFIED", cell: ({ verifiedTime }) => age(verifiedTime, view.now), goes: 2 },
    ...(namespaces.some(({ expiry }) => expiry)
      ? [{ title: "ENDS", cell: ({ expiry }: NamespaceDocument) => ahead(expiry?.time, view.now) }]
      : []),
    {
      title: "REACHES",
      cell: reached,
      wraps: true,
      goes: 3,
    },
    ...(namespaces.some((each) => asked(each) !== "")
      ? [{ title: "ASKED FOR", cell: asked, wraps: true, goes: 3 } as const]
      : []),
    { title: "WAITING", cell: ({ waiting = [] }) => String(waiting.length), isWide: true },
    { title: "TEAM", cell: ({ team = "" }) => team, isWide: true },
    { title: "BY", cell: ({ requestedBy }) => requestedBy, isWide: true },
    { title: "CLIENT ID", cell: ({ clientId = "" }) => clientId, isWide: true },
    { title: "OPERATION", cell: ({ operation }) => operation, isWide: true },
  ];
}

function styleOfState({ state }: NamespaceDocument): Style {
  if (state === "Onboarded") return "green";
  return state === "Incomplete" ? "red" : "cyan";
}

function describeMigration({ to, from, completed }: Migration): string {
  const { target, left } = modesOf({ to, from });
  const [goesOn, goesBack] = [target, left].map((mode) => (mode === defaultMode ? "" : ` --to ${mode}`));
  const where = to === undefined ? "" : ` to ${to}`;
  return `stopped${where} after ${completed ?? "its beginning"}; mooring migrate${goesOn} continues, mooring migrate${goesBack} reverses it`;
}

function describeExpiry({ time, targets, tried }: Expiry, { now }: View): string {
  const what = targets ? `loses ${targets.join(", ")}` : "is offboarded";
  const times = tried && `; tried ${count(tried.times, "time")} in vain, last ${age(tried.time, now)} ago`;
  const isDue = Date.parse(time) <= now.getTime();
  return `${time} (${ahead(time, now)}): ${what}${times ?? (isDue ? " within minutes" : "")}`;
}

type Expiry = NonNullable<NamespaceDocument["expiry"]>;

type Migration = NonNullable<NamespaceDocument["migration"]>;

export function namespaceLines(namespace: NamespaceDocument, view: View): readonly string[] {
  const { state, identityMode, clientId, team, requestedBy, onboardedTime, verifiedTime, operation } = namespace;
  const { migration, findings, waiting = [] } = namespace;
  const { paint, now } = view;
  const isHeldForApproval = accessIn(namespace).some((each) => each.state === "awaitingApproval");
  return [
    `${paint("bold", nameOf(namespace))}  ${paint(styleOfState(namespace), state)}${isHeldForApproval ? ", waits for approval" : ""}`,
    ...facts(
      [
        ["identity", identityMode],
        ["client", clientId],
        ["team", team],
        ["by", requestedBy],
        ["onboarded", onboardedTime && `${age(onboardedTime, now)} ago`],
        ["verified", verifiedTime && `${age(verifiedTime, now)} ago`],
        ["ends", namespace.expiry && describeExpiry(namespace.expiry, view)],
        ["operation", operation],
        // Why, and by whom.
        ["next", isHeldForApproval ? `mooring status ${operation}` : undefined, "whole"],
        ["migration", migration && describeMigration(migration)],
        ...waiting.map(
          (each) => ["waits", `${each.operation}, from the queue, since ${age(each.since, now)}`] as const,
        ),
        ...settingFacts(settingsIn(namespace), ["cluster", "namespace", "team", "identityMode", "expiresAt"]),
        ...accessFacts(namespace),
      ],
      view,
    ),
    ...(findings.length > 0 ? ["", ...findingLines(findings, namespace, view)] : []),
  ];
}
