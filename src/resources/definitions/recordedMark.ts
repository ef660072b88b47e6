import type { Berth } from "../../domain/naming/names.ts";
import type { Ports } from "../../ports/index.ts";

/**
 * The mark that a thing had when it was last inspected, found by the id that distinguishes it from any other of its name; empty
 * if the thing was adopted unchanged. Consulted for things without a mark: somebody may have removed it.
 */
export type RecordedMark = (thing: string, id: string | undefined) => Promise<string | undefined>;

/** Answers from the namespace's record, which is read once, on the first call. */
export function recordedMarks({ registry }: Pick<Ports, "registry">, berth: Berth): RecordedMark {
  let reading: ReturnType<typeof registry.getNamespace> | undefined;
  return async (thing, id) => {
    if (id === undefined) return undefined;
    reading ??= registry.getNamespace(berth);
    return (await reading)?.things?.find((each) => each.thing === thing && each.id === id)?.mark;
  };
}
