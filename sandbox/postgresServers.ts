/** The name by which the sandbox knows the server of a PostgreSQL target: that of its resource, which several targets share. */
export function postgresServerOf({ resourceId }: { readonly resourceId: string }): string {
  return resourceId.split("/").at(-1)?.toLowerCase() ?? "";
}
