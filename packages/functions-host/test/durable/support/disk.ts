/**
 * What a disk may hold after a power loss, reconstructed from a process's system calls (strace): everything that was synced,
 * and any subset of the sectors written since. The model is that of "All File Systems Are Not Created Equal" (Pillai et al.,
 * OSDI 2014) for data written in place; creating and removing files is assumed to be durable.
 */
import type { Dice } from "../../../../../test/proof/support/random.ts";

const sectorBytes = 512;

interface Write {
  readonly offset: number;
  readonly data: Buffer;
}
/** Truncates to a number of bytes: a checkpoint that reaches the end of the log cuts the store to its pages. */
interface Cut {
  readonly size: number;
}
type Change = Write | Cut;

export interface Disk {
  /** Takes a line of `strace -y -xx`, and returns what was sent to a socket. */
  take(line: string): string | undefined;
  /** File contents by path, if power is lost now. */
  lose(dice: Dice): ReadonlyMap<string, Buffer>;
}

const call =
  /^(?<name>pwrite64|fsync|fdatasync|ftruncate|write|writev)\(\d+<(?<file>[^>]*)>(?:, (?<rest>.*))?\)\s+= (?<result>-?\d+)/;
const removal = /^unlink\("(?<file>[^"]*)"\)\s+= 0/;
const text = /"(?<hex>(?:\\x[0-9a-f]{2})*)"/g;

export function createDisk(isOurs: (path: string) => boolean): Disk {
  const synced = new Map<string, Buffer>();
  const pending = new Map<string, Change[]>();

  const sync = (path: string) => {
    synced.set(path, (pending.get(path) ?? []).reduce(apply, synced.get(path) ?? Buffer.alloc(0)));
    pending.delete(path);
  };

  return {
    take(line) {
      const removed = decode(removal.exec(line)?.groups?.["file"] ?? "").toString();
      synced.delete(removed);
      pending.delete(removed);
      const { name = "", file = "", rest = "", result } = call.exec(line)?.groups ?? {};
      if (name === "") return undefined;
      if (Number(result) < 0) throw new Error(`A call failed: ${line.slice(0, 80)} … = ${result}`);
      const path = decode(file).toString();
      if (path.startsWith("socket:") || path.startsWith("TCP:")) return sentBy(rest);
      if (!isOurs(path)) return undefined;
      if (name === "fsync" || name === "fdatasync") sync(path);
      else if (name === "pwrite64") {
        const offset = Number(/, (\d+)$/.exec(rest)?.[1]);
        pending.set(path, [...(pending.get(path) ?? []), { offset, data: textsIn(rest) }]);
      } else if (name === "ftruncate") {
        pending.set(path, [...(pending.get(path) ?? []), { size: Number(rest) }]);
      } else throw new Error(`The store is written by ${name}, of which this disk knows nothing.`);
      return undefined;
    },
    lose(dice) {
      const image = new Map(synced);
      for (const [path, writes] of pending) {
        const kept = writes.flatMap((write) => sectorsOf(write).filter(() => dice.chance(0.5)));
        // Without a sync in between, the operating system may write in any order.
        image.set(path, dice.shuffle(kept).reduce(apply, image.get(path) ?? Buffer.alloc(0)));
      }
      return image;
    },
  };
}

function sentBy(rest: string): string {
  return textsIn(rest).toString("latin1");
}

function textsIn(rest: string): Buffer {
  return Buffer.concat([...rest.matchAll(text)].map(({ groups }) => decode(groups?.["hex"] ?? "")));
}

function decode(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}

function sectorsOf(change: Change): Change[] {
  if ("size" in change) return [change];
  const { offset, data } = change;
  const sectors: Write[] = [];
  for (let at = 0; at < data.length; ) {
    const end = Math.min(data.length, at + sectorBytes - ((offset + at) % sectorBytes));
    sectors.push({ offset: offset + at, data: data.subarray(at, end) });
    at = end;
  }
  return sectors;
}

function apply(file: Buffer, change: Change): Buffer {
  if ("size" in change) return Buffer.concat([file, Buffer.alloc(change.size)], change.size);
  const { offset, data } = change;
  const end = offset + data.length;
  const grown = Buffer.alloc(Math.max(file.length, end));
  file.copy(grown);
  data.copy(grown, offset);
  return grown;
}
