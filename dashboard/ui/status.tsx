/** A status by its sign, its word and its colour, so that none of the three is needed to read it. */
import { words } from "./words.ts";

type Tone = "good" | "bad" | "busy" | "waiting" | "quiet";

const tones: Readonly<Record<string, readonly [Tone, sign: string]>> = {
  Succeeded: ["good", "✓"],
  Failed: ["bad", "✕"],
  Canceled: ["quiet", "⊘"],
  Running: ["busy", "▶"],
  NotStarted: ["quiet", "○"],
  awaitingApproval: ["waiting", "?"],
  compensating: ["waiting", "↶"],
  Onboarded: ["good", "✓"],
  Incomplete: ["bad", "✕"],
  Error: ["bad", "✕"],
  Warning: ["waiting", "!"],
  Info: ["quiet", "i"],
};

const names: Readonly<Record<string, string>> = {
  awaitingApproval: "Waiting for approval",
  compensating: "Undoing",
};

export function Status({
  of,
  phase,
  number,
}: {
  readonly of: string;
  readonly phase?: string | undefined;
  /** How many there are of it. */
  readonly number?: number;
}) {
  const shown = of === "Running" && phase !== undefined && isPhaseInStatus(phase) ? phase : of;
  const [tone, sign] = tones[shown] ?? (shown.endsWith("ing") ? (["busy", "▶"] as const) : (["quiet", "·"] as const));
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true" class="sign">
        {sign}
      </span>
      <span>
        {number !== undefined && `${number.toLocaleString()} `}
        {number === undefined || number === 1 || shown === "Info" ? nameOf(shown) : `${nameOf(shown)}s`}
      </span>
    </span>
  );
}

/** Then it need not be said beside it. */
export function isPhaseInStatus(phase: string): boolean {
  return phase in names;
}

/** The value of a filter, too. */
export function nameOf(status: string): string {
  return names[status] ?? words(status);
}

export function Action({ of }: { readonly of: string | undefined }) {
  if (of === undefined) return <span class="muted">–</span>;
  return <span class={`action ${of}`}>{of === "none" ? "as asked" : of}</span>;
}
