/** RPC messages (MS-TDS 2.2.6.6), and the headers at the beginning of both batches and RPCs. */
import { ByteReader, ProtocolError } from "./bytes.ts";
import type { Argument } from "./engine/procedures.ts";
import type { TransactionRequest } from "./engine/transactions.ts";
import { SqlError } from "./errors.ts";
import { readParameter } from "./wireTypes.ts";

export interface RpcCall {
  readonly procedure: string;
  readonly parameters: readonly Argument[];
}

/** Procedures that can be called by number instead of by name. */
const numbered = new Map([
  [10, "sp_executesql"],
  [11, "sp_prepare"],
  [12, "sp_execute"],
  [13, "sp_prepexec"],
  [15, "sp_unprepare"],
]);

/** Flag in a parameter's status: the client wants the value returned. */
const byReference = 0x01;

export function readRpc(body: Buffer): RpcCall {
  const reader = afterHeaders(body);
  const length = reader.u16();
  const procedure = length === 0xffff ? numberedProcedure(reader.u16()) : reader.text(length);
  reader.u16();
  const parameters: Argument[] = [];
  while (reader.remaining > 0) {
    const name = reader.bVarchar();
    const isOutput = (reader.u8() & byReference) !== 0;
    const { type, value } = readParameter(reader, parameters.length + 1);
    parameters.push({ name: name === "" ? undefined : name, type, value, isOutput });
  }
  return { procedure, parameters };
}

export function readBatch(body: Buffer): string {
  const reader = afterHeaders(body);
  return reader.text(reader.remaining >> 1);
}

/** A driver's request to the transaction manager (MS-TDS 2.2.6.9); names follow their length in bytes. */
export function readTransactionRequest(body: Buffer): TransactionRequest {
  const reader = afterHeaders(body);
  const type = reader.u16();
  const readName = () => reader.take(reader.u8()).toString("utf16le") || undefined;
  switch (type) {
    case 5:
      // The isolation level: readers see committed data at every level.
      reader.u8();
      return { kind: "beginTransaction", name: readName() };
    case 7:
      return { kind: "commit" };
    case 8:
      return { kind: "rollback", name: readName() };
    case 9:
      return { kind: "saveTransaction", name: readName() ?? "" };
    default:
      throw new SqlError(8586, `The transaction manager request ${type} is not supported.`);
  }
}

/** ALL_HEADERS: the transaction descriptor and others. They are not needed, because a connection has only one transaction. */
function afterHeaders(body: Buffer): ByteReader {
  const reader = new ByteReader(body);
  const total = reader.u32();
  if (total < 4) throw new ProtocolError(`headers of ${total} bytes`);
  reader.take(total - 4);
  return reader;
}

function numberedProcedure(id: number): string {
  const name = numbered.get(id);
  if (name === undefined) throw new SqlError(2812, `Could not find stored procedure number ${id}.`);
  return name;
}
