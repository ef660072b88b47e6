/** A status as a sign, a word and a colour, so that nobody depends on one of the three. */
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
  /** Shown as a count. */
  readonly number?: number;
}) {
  const shown = of === "Running" && phase !== undefined && isPhaseInStatus(phase) ? phase : of;
  const [tone, sign] = tones[shown] ?? (shown.endsWith("ing") ? (["busy", "▶"] as const) : (["quiet", "·"] as const));
  return (
    <span class={`status ${tone}`} title={nameOf(shown)}>
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

/** Whether the status already shows the phase. */
export function isPhaseInStatus(phase: string): boolean {
  return phase in names;
}

/** Also used for the values of filters. */
export function nameOf(status: string): string {
  return names[status] ?? words(status);
}

export function Action({ of }: { readonly of: string | undefined }) {
  if (of === undefined) return <span class="muted">–</span>;
  return <span class={`action ${of}`}>{of === "none" ? "unchanged" : of}</span>;
}
