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
