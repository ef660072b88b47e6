/** Lists, adds and removes faults of the simulated cloud. */

import { defined } from "../../src/domain/defined.ts";
import { latencyLimits, readCount, readDuration, readSeconds } from "../arguments/values.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { table } from "../output/table.ts";
import type { Session } from "../session.ts";
import { askSandbox } from "./control.ts";
import type { EffectDocument, FaultDocument, FaultsDocument } from "./documents.ts";

export interface FaultFlags {
  readonly wire: string | undefined;
  readonly operation: string | undefined;
  readonly target: string | undefined;
  readonly skip: string | undefined;
  readonly times: string | undefined;
  readonly error: string | undefined;
  readonly status: string | undefined;
  readonly message: string | undefined;
  readonly "retry-after": string | undefined;
  readonly delay: string | undefined;
  readonly cut: string | undefined;
  readonly hang: boolean;
  readonly garbage: boolean;
}

export async function changeFaults(
  session: Session,
  flags: FaultFlags,
  [action, which]: readonly string[],
): Promise<number> {
  const operandOf = (name: string) => {
    if (which !== undefined) return which;
    throw new UsageError(`sandbox faults ${action} needs ${name}.`, {
      next: [`mooring sandbox faults ${action} <${name}>`],
    });
  };
  const ask = (call: { method: "GET" | "POST" | "DELETE"; path: string; body?: unknown }) =>
    askSandbox<FaultsDocument>(session.client, call, ["value", "latencyMs"]);
  switch (action) {
    case undefined:
      return await show(session, await ask({ method: "GET", path: "/sandbox/faults" }));
    case "add": {
      const call = { method: "POST", path: "/sandbox/faults", body: readFlags(flags) } as const;
      const { id } = await askSandbox<FaultDocument>(session.client, call, ["id"]);
      session.say(`Added fault ${id}. Remove it: mooring sandbox faults remove ${id}`);
      return await show(session, await ask({ method: "GET", path: "/sandbox/faults" }));
    }
    case "remove": {
      const path = `/sandbox/faults/${encodeURIComponent(operandOf("id"))}`;
      return await show(session, await ask({ method: "DELETE", path }));
    }
    case "clear":
      return await show(session, await ask({ method: "DELETE", path: "/sandbox/faults" }));
    case "latency": {
      const latencyMs = readDuration("latency", operandOf("duration"), latencyLimits);
      return await show(session, await ask({ method: "POST", path: "/sandbox/latency", body: { latencyMs } }));
    }
    default:
      throw new UsageError(`sandbox faults does not know "${action}"; it takes add, remove, clear, latency.`);
  }
}

function readFlags({ wire, operation, target, skip, times, ...flags }: FaultFlags): unknown {
  if (wire === undefined) throw new UsageError("A fault needs --wire.", { next: ["mooring sandbox --help"] });
  return {
    wire,
    ...defined({ operation }),
    ...defined({ target }),
    ...(skip === undefined ? {} : { skip: readCount("--skip", skip, { least: 0, most: 1_000_000 }) }),
    ...(times === undefined
      ? {}
      : { times: times === "always" ? times : readCount("--times", times, { most: 1_000_000 }) }),
    effect: readEffect(flags),
  };
}

function readEffect(flags: Omit<FaultFlags, "wire" | "operation" | "target" | "skip" | "times">): EffectDocument {
  const { error, status, message, delay, cut, hang, garbage } = flags;
  const retryAfter = flags["retry-after"];
  const effects: readonly EffectDocument[] = [
    ...(error === undefined
      ? []
      : [
          {
            kind: "error",
            // SQL's error codes are numbers.
            code: /^\d+$/.test(error) ? Number(error) : error,
            ...(status === undefined ? {} : { status: readCount("--status", status, { least: 400, most: 599 }) }),
            ...defined({ message }),
            ...(retryAfter === undefined
              ? {}
              : { retryAfterSeconds: readSeconds("--retry-after", retryAfter, { least: 0, most: 3_600 }) }),
          } as const,
        ]),
    ...(delay === undefined ? [] : [{ kind: "delay", ms: readDuration("--delay", delay, { most: 600_000 }) } as const]),
    ...(cut === undefined ? [] : [{ kind: cut === "before" ? "cutBefore" : "cutAfter" } as const]),
    ...(hang ? [{ kind: "hang" } as const] : []),
    ...(garbage ? [{ kind: "garbage" } as const] : []),
  ];
  const [effect, another] = effects;
  if (effect === undefined || another !== undefined)
    throw new UsageError("A fault has one effect: give one of --error, --delay, --cut, --hang and --garbage.");
  if (effect.kind !== "error" && (status ?? message ?? retryAfter) !== undefined)
    throw new UsageError("--status, --message and --retry-after are parts of --error.");
  return effect;
}

async function show(session: Session, document: FaultsDocument): Promise<number> {
  const { value, latencyMs } = document;
  const latency = latencyMs === 0 ? [] : [`Every call takes ${latencyMs} ms at least.`];
  await session.print({
    document,
    names: value.map(({ id }) => id),
    lines: (view) => [
      ...latency,
      ...(value.length === 0
        ? ["There is no fault."]
        : table(
            value,
            [
              { title: "FAULT", cell: ({ id }) => id },
              { title: "WIRE", cell: ({ wire }) => wire },
              { title: "OPERATION", cell: ({ operation = "*" }) => operation },
              { title: "TARGET", cell: ({ target = "*" }) => target },
              { title: "EFFECT", cell: ({ effect }) => describeEffect(effect) },
              { title: "HITS", cell: ({ hits, times }) => `${hits} of ${times === "always" ? "all" : times}` },
              { title: "SKIPS", cell: ({ skip }) => String(skip), isWide: true },
            ],
            view,
          )),
    ],
  });
  return exitCodes.done;
}

function describeEffect(effect: EffectDocument): string {
  if (effect.kind === "error") return ["error", effect.code, effect.status ?? ""].join(" ").trim();
  return effect.kind === "delay" ? `delay ${effect.ms} ms` : effect.kind;
}
