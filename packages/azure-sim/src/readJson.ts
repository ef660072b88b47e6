/** The value of a request's body; undefined if it is no JSON, which the schema of the call refuses. */
export function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
