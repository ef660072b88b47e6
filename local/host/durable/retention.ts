/** Deletes orchestrations that ended long ago: a bounded number of rows per commit, at start and then every hour. */
import type { Log } from "../log.ts";
import type { Clock } from "./clock.ts";
import type { GroupCommit } from "./groupCommit.ts";
import type { InstanceRow } from "./records.ts";

export interface RetentionOptions {
  /** How long an orchestration is kept after its end; undefined keeps it forever, which is Azure's default. */
  readonly retentionMs: number | undefined;
  readonly endedBefore: (time: number, top: number) => readonly InstanceRow[];
  readonly deleteInstance: (key: number) => void;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  readonly log: Log;
}

const atOnce = 200;
const everyMs = 3_600_000;

/** Returns a function that stops it. */
export function startRetention({ retentionMs, endedBefore, deleteInstance, ...parts }: RetentionOptions): () => void {
  const { commit, clock, log } = parts;
  if (retentionMs === undefined) return () => {};
  let isStopped = false;
  let callOff = () => {};

  async function sweep(age: number): Promise<void> {
    let deleted = 0;
    for (;;) {
      // Including what is not committed yet: a row that is just being replaced or restarted no longer counts as ended.
      commit.flush();
      const rows = endedBefore(clock.now() - age, atOnce);
      if (rows.length === 0 || isStopped) break;
      await commit.committed(() => {
        for (const { key } of rows) deleteInstance(key);
      });
      deleted += rows.length;
    }
    if (deleted > 0) log.info("deleted orchestrations that ended long ago", { deleted });
  }

  function run(age: number): void {
    const next = clock.now() + everyMs;
    const wait = () => {
      if (isStopped) return;
      const leftMs = next - clock.now();
      if (leftMs > 0) callOff = clock.after(leftMs, wait);
      else run(age);
    };
    // A store that cannot be written is reported elsewhere.
    void sweep(age).then(wait, wait);
  }

  run(retentionMs);
  return () => {
    isStopped = true;
    callOff();
  };
}
