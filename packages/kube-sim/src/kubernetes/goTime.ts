/** What Go takes for a time (RFC 3339), and what it says of another text. */
const time =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Undefined for a time. */
export const timeProblem = (text: string) => problemOf(text, "2006-01-02T15:04:05Z07:00", time);

/** Undefined for a time with six digits after its seconds. */
export const microTimeProblem = (text: string) =>
  time.exec(text)?.[2]?.length === 7 ? timeProblem(text) : unparsed(text, "2006-01-02T15:04:05.000000Z07:00");

function problemOf(text: string, layout: string, pattern: RegExp): string | undefined {
  const day = pattern.exec(text)?.[1];
  if (day === undefined) return unparsed(text, layout);
  const isDay = new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  return isDay ? undefined : `parsing time ${JSON.stringify(text)}: day out of range`;
}

function unparsed(text: string, layout: string): string {
  const shown = JSON.stringify(text);
  return `parsing time ${shown} as ${JSON.stringify(layout)}: cannot parse ${shown} as "2006"`;
}
