/** What Go takes for a time (RFC 3339). */
const time =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

export function isTime(text: string): boolean {
  const day = time.exec(text)?.[1];
  return day !== undefined && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** With six digits after its seconds. */
export const isMicroTime = (text: string) => time.exec(text)?.[2]?.length === 7 && isTime(text);
