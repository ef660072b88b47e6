/**
 * Identities, what lets pods use them, and members of Mooring's database roles that no record knows: counted with drift, so that its alert fires, published,
 * logged, and reported by readiness.
 */
import { type Finding, finding, severityOf } from "../../domain/finding.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { namespaceKey, namespaceRefOf } from "../../domain/naming/names.ts";
import { driftEvent } from "../../domain/watching/driftEvent.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { driftFindings } from "../../telemetry/metrics.ts";
import { describeUnrecorded, findUnrecorded, unrecordedFinding } from "./unrecordedIdentities.ts";
import { describeMember, findUnrecordedMembers } from "./unrecordedMembers.ts";

interface Log {
  warn(line: string): void;
}

export interface Unrecorded {
  readonly id: string;
  /** The namespace that its mark names; for a member without a mark, the database. */
  readonly subject: string;
  /** Since when it is so, as far as its mark says: an operation; without one, what distinguishes it from another of its name. */
  readonly since: string;
  readonly finding: Finding;
  /** One sentence. */
  readonly text: string;
}

export interface UnrecordedWatch {
  /** Called by the drift timer; looks as often as at a namespace. */
  look(context: Log): Promise<void>;
  /** As of the last look of this instance. */
  unrecorded(): readonly Unrecorded[];
}

type Watching = Pick<
  Ports,
  "catalog" | "databases" | "events" | "identities" | "identityBindings" | "kubernetes" | "registry"
>;
/** `earlier` is what the last look found: what this one cannot see stays. */
type Look = (ports: Watching, context: Log, earlier: readonly Unrecorded[]) => Promise<readonly Unrecorded[]>;

const looks: Readonly<Record<string, Look>> = { identities: lookForIdentities, "members of roles": lookForMembers };

export function watchUnrecorded(ports: Watching): UnrecordedWatch {
  const found = new Map<string, readonly Unrecorded[]>();
  let lookedAt: number | undefined;
  const all = () => [...found.values()].flat();
  return {
    async look(context) {
      const now = performance.now();
      if (lookedAt !== undefined && now - lookedAt < ports.catalog.drift.everyMinutes * 60_000) return;
      lookedAt = now;
      const before = new Set(all().map(({ id }) => id));
      for (const [what, look] of Object.entries(looks)) {
        try {
          const seen = await look(ports, context, found.get(what) ?? []);
          found.set(what, seen);
          for (const each of seen) {
            driftFindings.add(1, { code: each.finding.code, severity: severityOf(each.finding) });
            if (!before.has(each.id)) await publish(ports, context, each);
          }
        } catch (error) {
          context.warn(logLine(`${what} not looked at`, { reason: messageOf(error) }));
        }
      }
    },
    unrecorded: all,
  };
}

async function lookForIdentities(
  ports: Watching,
  context: Log,
  earlier: readonly Unrecorded[],
): Promise<readonly Unrecorded[]> {
  const { identities, unseen, isUnsure } = await findUnrecorded(ports);
  for (const what of unseen) context.warn(logLine("not looked at", { reason: what }));
  const seen = identities.map((each) => ({
    id: each.identity.principalId,
    subject: namespaceKey(each.namespaceRef),
    since: each.createdBy ?? each.identity.principalId,
    finding: unrecordedFinding(each),
    text: describeUnrecorded(each),
  }));
  return [...seen, ...earlier.filter(({ subject }) => isUnsure(namespaceRefOf(subject)))];
}

async function lookForMembers(ports: Watching, context: Log): Promise<readonly Unrecorded[]> {
  const { members, unseen } = await findUnrecordedMembers(ports);
  for (const what of unseen) context.warn(logLine("members of roles not looked at", { reason: what }));
  return members.map((each) => ({
    id: `${each.database} ${each.role} ${each.sid}`,
    subject: each.mark?.berth ?? each.database,
    since: each.mark?.operation ?? each.sid,
    finding: finding("ROLE_MEMBER_UNRECORDED", each.database, { field: each.role, expected: null, found: each.member }),
    text: describeMember(each),
  }));
}

/** The event has the same ID after a restart, and on every instance. */
async function publish(
  { events }: Pick<Ports, "events">,
  context: Log,
  { subject, since, finding, text }: Unrecorded,
): Promise<void> {
  context.warn(logLine(text, { operation: since }));
  await events.publish(driftEvent(subject, [finding], { since, time: new Date().toISOString() }));
}
