/**
 * The position of a moment on a timeline, in percent. People take hours where steps take seconds, so a wait that would squeeze out
 * everything else is drawn shorter.
 */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export interface Scale {
  at(time: number): number;
  /** The wait that is drawn shorter than it is. */
  readonly shortened: Stretch | undefined;
}

/** The share of the line for a shortened wait. */
const waitShare = 0.25;

export function createScale(whole: Stretch, wait?: Stretch): Scale {
  const total = Math.max(1, whole.until - whole.from);
  const waited = wait ? Math.max(0, Math.min(wait.until, whole.until) - Math.max(wait.from, whole.from)) : 0;
  const rest = total - waited;
  const isShortened = wait !== undefined && waited / total > waitShare && rest > 0;
  if (!isShortened || !wait) {
    return { shortened: undefined, at: (time) => clamp(((time - whole.from) / total) * 100) };
  }
  const perRest = (1 - waitShare) / rest;
  const perWait = waitShare / waited;
  return {
    shortened: wait,
    at(time) {
      const before = Math.min(time, wait.from) - whole.from;
      const during = Math.max(0, Math.min(time, wait.until) - wait.from);
      const after = Math.max(0, time - wait.until);
      return clamp((before * perRest + during * perWait + after * perRest) * 100);
    },
  };
}

function clamp(percent: number): number {
  return Math.max(0, Math.min(100, percent));
}
