import type { Berth } from "../../domain/naming/names.ts";
import type { Ports } from "../../ports.ts";

/**
 * The mark that a thing had when it was looked at last, by what tells it from any other of its name; empty for one that was
 * adopted as it was. Asked for a thing that has no mark: somebody may have taken it off.
 */
export type RecordedMark = (thing: string, id: string | undefined) => Promise<string | undefined>;

/** By the namespace's record, which is read when a thing is asked for, and once. */
export function recordedMarks({ registry }: Pick<Ports, "registry">, berth: Berth): RecordedMark {
  let reading: ReturnType<typeof registry.getNamespace> | undefined;
  return async (thing, id) => {
    if (id === undefined) return undefined;
    reading ??= registry.getNamespace(berth);
    return (await reading)?.things?.find((each) => each.thing === thing && each.id === id)?.mark;
  };
}
