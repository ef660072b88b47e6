/**
 * Questions with what a real API server answered them, one a line of areas.json and table.json. They are asked in order, since each
 * sees what those before it have left. `⟨x×1000⟩` in a question is a thousand times x.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Question {
  /** Unique. */
  readonly id: string;
  /** Method and path. */
  readonly ask: string;
  readonly caller?: Caller;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export const callers = ["administrator", "reader", "stranger", "anonymous", "nonsense"] as const;
/** Only areas ask as one who may give roles. */
export type Caller = (typeof callers)[number] | "granter";

/** Status, reason, kind, and a digest of the whole. */
export type Real = readonly [status: number, reason: string, kind: string, digest: string];
export type Recorded = Question & { readonly real: Real };

const file = (name: string) => join(import.meta.dirname, name);
const longRun = /⟨(.)×(\d+)⟩/gs;

export function readQuestions(name: string): readonly Recorded[] {
  return JSON.parse(readFileSync(file(name), "utf8"), (_, value: unknown) => {
    if (typeof value === "string")
      return value.replaceAll(longRun, (_, one: string, times) => one.repeat(Number(times)));
    return isBytes(value) ? Buffer.from(value.data) : value;
  }) as Recorded[];
}

/** As Node writes a Buffer. */
const isBytes = (value: unknown): value is { readonly data: readonly number[] } =>
  typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";

/** Leaves each line as it is but for its end. */
export function recordAgain(name: string, real: readonly Real[]): void {
  const lines = readFileSync(file(name), "utf8").trimEnd().split("\n").slice(1, -1);
  const again = lines.map((line, index) =>
    line.replace(/"real":\[.*\]\},?$/, `"real":${JSON.stringify(real[index])}}`),
  );
  writeFileSync(file(name), `[\n${again.join(",\n")}\n]\n`);
}
