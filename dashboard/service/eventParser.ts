/** Server-sent events (html.spec.whatwg.org, "Interpreting an event stream"), parsed incrementally. */
export interface ServerEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: unknown;
}

export class EventParser {
  #rest = "";

  /** Returns the events that are complete so far. Their data is JSON. */
  take(chunk: string): readonly ServerEvent[] {
    const blocks = (this.#rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap(parseBlock);
  }
}

function parseBlock(block: string): readonly ServerEvent[] {
  let event = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (data.length === 0) return [];
  return [{ event, ...(id === undefined ? {} : { id }), data: JSON.parse(data.join("\n")) }];
}
