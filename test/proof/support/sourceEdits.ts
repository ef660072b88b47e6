/** Changes of the source that put a defect into it (plantSource.ts). Nothing that is read before the source may import it. */

export interface Edit {
  /** From the root of the project. */
  readonly file: string;
  /** What the file says today, once. */
  readonly today: string;
  readonly then: string;
}

export function edit(file: string, today: string, then: string): readonly Edit[] {
  return [{ file, today, then }];
}

export interface PlantedDefect {
  readonly edits: readonly Edit[];
  /** The problems that reveal it. */
  readonly finds: RegExp;
  /** The first world to search, 0 by default. */
  readonly from?: number;
}

/** A defect that cannot be put in any more would not be looked for. */
export function plant(source: string, { file, today, then }: Edit): string {
  if (source.split(today).length === 2) return source.replace(today, () => then);
  throw new Error(`${file} has not exactly one\n${today}\nSay where the defect would be now.`);
}
