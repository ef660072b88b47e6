/** Own properties only: an alias such as `constructor` must not find what every object inherits. */
export function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The names that a table has, for people. */
export function listNames(table: object): string {
  return Object.keys(table).join(", ") || "none";
}

/** The names that a table has, with their type. */
export function namesOf<Table extends object>(table: Table): readonly Extract<keyof Table, string>[] {
  const isName = (name: string): name is Extract<keyof Table, string> => Object.hasOwn(table, name);
  return Object.keys(table).filter(isName);
}
