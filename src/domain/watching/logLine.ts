/** A constant event and its facts as one line: the platform prints an object over several. Ids and sizes, never a body. */
export function logLine(event: string, facts: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(facts).map(([key, value]) => `${key}=${JSON.stringify(value) ?? "none"}`);
  return [event, ...parts].join(" ");
}
