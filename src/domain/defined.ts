type Undefinable<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
type Defined<T> = { [K in Exclude<keyof T, Undefinable<T>>]: T[K] } & {
  [K in Undefinable<T>]?: Exclude<T[K], undefined>;
};

/** The fields that have a value: an optional field of a record is absent, not undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** The list, unless it is empty: for an optional field. */
export function unlessEmpty<L extends readonly unknown[]>(list: L): L | undefined {
  return list.length > 0 ? list : undefined;
}
