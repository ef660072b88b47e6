/** Looks up own properties only: an alias such as `constructor` must not find what every object inherits. */
export function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A sentence about an unknown name, followed by the names that exist. */
export function insteadOf(sentence: string, what: string, names: readonly string[]): string {
  return `${sentence.replace(/\.$/, "")}; ${what} ${names.join(", ") || "none"}.`;
}

/** The keys of a table, typed. */
export function namesOf<Table extends object>(table: Table): readonly Extract<keyof Table, string>[] {
  const isName = (name: string): name is Extract<keyof Table, string> => Object.hasOwn(table, name);
  return Object.keys(table).filter(isName);
}
