/**
 * Splits an encoded AMQP message into sections without decoding them (AMQP 1.0, parts 1.2 and 3.2). A value decoded by
 * rhea loses its type, and an integer beyond 2^53 its last bits, so what has to be delivered unchanged stays in bytes.
 */

export const sectionCode = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** A descriptor may also be a symbol. */
const codesByName: Readonly<Record<string, number>> = {
  "amqp:header:list": sectionCode.header,
  "amqp:delivery-annotations:map": sectionCode.deliveryAnnotations,
  "amqp:message-annotations:map": sectionCode.messageAnnotations,
  "amqp:properties:list": sectionCode.properties,
  "amqp:application-properties:map": sectionCode.applicationProperties,
  "amqp:data:binary": sectionCode.data,
  "amqp:amqp-sequence:list": sectionCode.sequence,
  "amqp:value:*": sectionCode.value,
  "amqp:footer:map": sectionCode.footer,
};

const formatCode = {
  described: 0x00,
  null: 0x40,
  emptyList: 0x45,
  smallUlong: 0x53,
  ulong: 0x80,
  string8: 0xa1,
  string32: 0xb1,
  list8: 0xc0,
  map8: 0xc1,
  list32: 0xd0,
  map32: 0xd1,
} as const;

export interface Section {
  readonly code: number;
  /** Without the descriptor. */
  readonly value: Buffer;
}

export function splitSections(message: Buffer): Section[] {
  const sections: Section[] = [];
  for (let at = 0; at < message.length; ) {
    if (message.readUInt8(at) !== formatCode.described) throw new RangeError("A section has no descriptor.");
    const start = endOfValue(message, at + 1);
    const end = endOfValue(message, start);
    sections.push({ code: readDescriptor(message.subarray(at + 1, start)), value: message.subarray(start, end) });
    at = end;
  }
  return sections;
}

export function joinSections(sections: readonly Section[]): Buffer {
  const ordered = sections.toSorted((one, other) => one.code - other.code);
  return Buffer.concat(
    ordered.flatMap(({ code, value }) => [Buffer.of(formatCode.described, formatCode.smallUlong, code), value]),
  );
}

export function findSection(sections: readonly Section[], code: number): Buffer | undefined {
  return sections.find((section) => section.code === code)?.value;
}

export function withSection(sections: readonly Section[], code: number, value: Buffer): Section[] {
  return [...sections.filter((section) => section.code !== code), { code, value }];
}

/** The entries of a map by key, each with the bytes of key and value; none for a missing section. */
export function readEntries(map: Buffer | undefined): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  const items = map ? readItems(map) : [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const [key = Buffer.alloc(0), value = Buffer.alloc(0)] = items.slice(index, index + 2);
    entries.set(readText(key), Buffer.concat([key, value]));
  }
  return entries;
}

export function writeEntries(entries: ReadonlyMap<string, Buffer>): Buffer {
  return writeCompound(formatCode.map32, [...entries.values()], entries.size * 2);
}

/** The list with its first item replaced. */
export function replaceFirst(list: Buffer | undefined, value: Buffer): Buffer {
  const items = [value, ...(list ? readItems(list).slice(1) : [])];
  return writeCompound(formatCode.list32, items, items.length);
}

/** The items of a list, or the keys and values of a map. */
function readItems(compound: Buffer): Buffer[] {
  const code = compound.readUInt8(0);
  if (code === formatCode.emptyList || code === formatCode.null) return [];
  const isSmall = code === formatCode.list8 || code === formatCode.map8;
  if (!isSmall && code !== formatCode.list32 && code !== formatCode.map32) {
    throw new RangeError(`There is a value of type 0x${code.toString(16)} instead of a list or map.`);
  }
  const items: Buffer[] = [];
  let at = isSmall ? 3 : 9;
  for (let left = isSmall ? compound.readUInt8(2) : compound.readUInt32BE(5); left > 0; left -= 1) {
    const end = endOfValue(compound, at);
    items.push(compound.subarray(at, end));
    at = end;
  }
  return items;
}

function writeCompound(code: number, items: readonly Buffer[], count: number): Buffer {
  const body = Buffer.concat(items);
  const head = Buffer.alloc(9);
  head.writeUInt8(code, 0);
  head.writeUInt32BE(body.length + 4, 1);
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, body]);
}

export function writeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(bytes.length < 256 ? 2 : 5);
  head.writeUInt8(bytes.length < 256 ? formatCode.string8 : formatCode.string32, 0);
  if (bytes.length < 256) head.writeUInt8(bytes.length, 1);
  else head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The text of a string or symbol, which has a length of one or four bytes; the bytes of anything else. */
function readText(value: Buffer): string {
  const category = value.readUInt8(0) >> 4;
  if (category === 0xa) return value.toString("utf8", 2);
  return category === 0xb ? value.toString("utf8", 5) : value.toString("hex");
}

function readDescriptor(value: Buffer): number {
  const code = value.readUInt8(0);
  if (code === formatCode.smallUlong) return value.readUInt8(1);
  if (code === formatCode.ulong) return Number(value.readBigUInt64BE(1));
  const known = codesByName[readText(value)];
  if (known === undefined) throw new RangeError(`There is no section ${readText(value)}.`);
  return known;
}

/** The end of the value that begins at `at`: the upper half of a format code says how long the rest is. */
function endOfValue(bytes: Buffer, at: number): number {
  const code = bytes.readUInt8(at);
  if (code === formatCode.described) return endOfValue(bytes, endOfValue(bytes, at + 1));
  const end = at + 1 + lengthAfter(bytes, at + 1, code >> 4);
  if (end > bytes.length) throw new RangeError("A value extends beyond the end of the message.");
  return end;
}

function lengthAfter(bytes: Buffer, at: number, category: number): number {
  switch (category) {
    case 0x4:
      return 0;
    case 0x5:
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
      return 2 ** (category - 5);
    case 0xa:
    case 0xc:
    case 0xe:
      return 1 + bytes.readUInt8(at);
    case 0xb:
    case 0xd:
    case 0xf:
      return 4 + bytes.readUInt32BE(at);
    default:
      throw new RangeError(`There is no format code 0x${category.toString(16)}x.`);
  }
}
