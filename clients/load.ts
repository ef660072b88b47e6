/** The part of a zod schema that is used here. */
export interface Schema {
  safeParse(value: unknown): { readonly error?: { readonly issues: readonly Issue[] } | undefined };
}

export interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Loads the schema of a document, which takes time that only a malformed document is worth. */
export type Load<Document> = (() => Promise<Schema>) & { readonly document?: Document };

export function load<Document>(schema: () => Promise<Schema>): Load<Document> {
  return schema;
}
