/** A processor profile by who used the time: a package, or one of our folders. Its source map splits up the bundle. */
import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Part of the thread's time on the processor. */
  readonly ms: number;
}

/** Own time by package or folder, and by package or folder and function. */
export async function attribute(profile: CpuProfile, bundle: string) {
  const map = new SourceMap(JSON.parse(await readFile(`${bundle}.map`, "utf8")));
  const ownTime = new Map<number, number>();
  for (const [index, id] of profile.samples.entries())
    ownTime.set(id, (ownTime.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1_000);
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const places = new Map<number, string>();
  const placeOf = (id: number): string => {
    const known = places.get(id);
    if (known !== undefined) return known;
    const node = nodes.get(id);
    const place = node ? whereIs(node.callFrame, { bundle, map }) : "?";
    places.set(id, place);
    return place;
  };
  /** Who caused it: Node's built-in work counts for the nearest calling frame that is not built in. */
  const causeOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const place = placeOf(at);
      if (place !== "node" && place !== "engine") return place;
    }
    return placeOf(id) === "engine" ? "engine" : "node, called by no JavaScript";
  };
  const own = new Map<string, number>();
  const causes = new Map<string, number>();
  const functions = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, ms: number) => to.set(name, (to.get(name) ?? 0) + ms);
  for (const [id, ms] of ownTime) {
    const { functionName } = nodes.get(id)?.callFrame ?? { functionName: "" };
    if (functionName === "(idle)") continue;
    if (functionName.startsWith("(") && functionName !== "(anonymous)") {
      add(own, functionName, ms);
      add(causes, functionName, ms);
      continue;
    }
    add(own, placeOf(id), ms);
    add(causes, causeOf(id), ms);
    add(functions, `${placeOf(id)} ${functionName || "(anonymous)"}`, ms);
  }
  return { own: sorted(own), causes: sorted(causes), functions: sorted(functions) };
}

function sorted(times: ReadonlyMap<string, number>): readonly Share[] {
  return [...times].map(([name, ms]) => ({ name, ms })).toSorted((a, b) => b.ms - a.ms);
}

function whereIs(
  { functionName, url, lineNumber, columnNumber }: CallFrame,
  { bundle, map }: { bundle: string; map: SourceMap },
): string {
  if (url === "") return functionName === "" ? "?" : "engine";
  if (url.startsWith("node:")) return "node";
  if (!url.endsWith(bundle)) return nameOf(url);
  const entry = map.findEntry(lineNumber, columnNumber);
  return "originalSource" in entry ? nameOf(entry.originalSource) : "bundle";
}

/** The name of a package; for our own code the folder. */
function nameOf(path: string): string {
  const [, inPackage] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  if (inPackage !== undefined) return inPackage;
  const [, ours] = /\/((?:src|sandbox|packages)\/.*)\/[^/]+$/.exec(path) ?? [];
  return ours ?? path;
}
