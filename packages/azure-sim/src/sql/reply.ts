/** The outcome of a request as tokens. */
import type { Outcome, Output } from "./engine/execute.ts";
import type { SqlError } from "./errors.ts";
import { columnMetadata, done, doneStatus, environment, errorToken, returnStatus, returnValue, row } from "./tokens.ts";

export interface ReplyOptions {
  readonly kind: "batch" | "rpc";
  readonly server: string;
  readonly transactionId: Buffer;
}

export function writeReply({ outputs, error, returned = [] }: Outcome, options: ReplyOptions): Buffer {
  const { kind, server } = options;
  const body = outputs.flatMap((output) => writeOutput(output, options));
  // Exactly one error, as the last token: drivers turn several into an aggregate without a number.
  if (error) body.push(errorToken(error, server));
  const status = error ? doneStatus.error : doneStatus.final;
  if (kind === "batch") return Buffer.concat([...body, done("done", status)]);
  return Buffer.concat([
    ...body,
    returnStatus(error?.number ?? 0),
    ...returned.map(returnValue),
    done("doneProc", status),
  ]);
}

function writeOutput(output: Output, { kind, transactionId }: ReplyOptions): Buffer[] {
  const doneKind = kind === "batch" ? "done" : "doneInProc";
  switch (output.kind) {
    case "transaction":
      return [environment[output.event](transactionId)];
    case "count":
      return [done(doneKind, doneStatus.more | doneStatus.count, { count: output.count })];
    case "rows":
      return [
        columnMetadata(output.columns),
        ...output.rows.map((values) => row(output.columns, values)),
        done(doneKind, doneStatus.more | (output.isCounted ? doneStatus.count : 0), {
          count: output.rows.length,
          isSelect: true,
        }),
      ];
  }
}

export function writeError(error: SqlError, server: string): Buffer {
  return Buffer.concat([...errorTokens(error, server), done("done", doneStatus.error)]);
}

function errorTokens(error: SqlError, server: string): readonly Buffer[] {
  return [errorToken(error, server), ...(error.next ? errorTokens(error.next, server) : [])];
}

export function writeAttentionAck(): Buffer {
  return done("done", doneStatus.attention);
}

/** The client abandoned its request and only waits for its end. */
export function writeGivenUp(): Buffer {
  return done("done", doneStatus.error);
}

/** The body of a well-formed packet that is not a token stream. */
export function writeGarbage(): Buffer {
  return Buffer.from("\u0001\u0002garbage in place of a token stream", "latin1");
}
