/** A message from a logged-in client, parsed and named before anything runs, so that a fault can come first. */
import type { Statement } from "./engine/ast.ts";
import {
  type Bound,
  bindParameters,
  executeBatch,
  executeProcedure,
  type Outcome,
  type ReturnedValue,
  readExecuteSql,
} from "./engine/execute.ts";
import { operationOf, operationOfText } from "./engine/operation.ts";
import { parseBatch } from "./engine/parser.ts";
import type { Argument } from "./engine/procedures.ts";
import type { Session } from "./engine/session.ts";
import { convert, nvarchar, types } from "./engine/sqlTypes.ts";
import { changeTransaction } from "./engine/transactions.ts";
import { SqlError } from "./errors.ts";
import { type RpcCall, readBatch, readRpc, readTransactionRequest } from "./rpc.ts";

export interface Request {
  readonly kind: "batch" | "rpc";
  /** For the fault journal; undefined for what drivers send by themselves. */
  readonly operation: string | undefined;
  run(signal: AbortSignal): Promise<Outcome>;
}

interface PreparedText {
  readonly declarations: string;
  readonly text: string;
}

/** The texts that sp_prepare has prepared on this connection. */
export type PreparedTexts = Map<number, PreparedText>;

export function readBatchRequest(session: Session, body: Buffer): Request {
  const text = readBatch(body);
  return parsed(text, "batch", (statements) => ({ run: (signal) => executeBatch(session, statements, { signal }) }));
}

/** Text that does not parse is also a request: it fails, under the name of its first words. */
function parsed(
  text: string,
  kind: Request["kind"],
  make: (statements: readonly Statement[]) => Pick<Request, "run">,
): Request {
  return orFailing(kind, operationOfText(text), () => {
    const statements = parseBatch(text);
    return { kind, operation: operationOf(statements), ...make(statements) };
  });
}

/** If making a request throws an error that the client should see, returns a request that fails with this error. */
function orFailing(kind: Request["kind"], operation: string | undefined, make: () => Request): Request {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { kind, operation, run: async () => ({ outputs: [], error }) };
  }
}

export function readRpcRequest(session: Session, body: Buffer, prepared: PreparedTexts): Request {
  return orFailing("rpc", "RPC", () => callRequest(session, readRpc(body), prepared));
}

function callRequest(session: Session, { procedure, parameters }: RpcCall, prepared: PreparedTexts): Request {
  const [first, second, third, ...rest] = parameters;
  switch (procedure.toLowerCase()) {
    case "sp_executesql": {
      const { text, bound } = readExecuteSql(parameters);
      return textRequest(session, text, { bound, parameters });
    }
    case "sp_prepare":
    case "sp_prepexec": {
      const made = { declarations: textOf(second), text: textOf(third) };
      const handle = prepared.size + 1;
      prepared.set(handle, made);
      const returned = [{ name: first?.name ?? "", ordinal: 0, type: types.int, value: handle }];
      if (procedure.toLowerCase() === "sp_prepexec") {
        const bound = bindParameters(made.declarations, rest);
        return textRequest(session, made.text, { bound, parameters, returned });
      }
      return parsed(made.text, "rpc", () => ({ run: async () => ({ outputs: [], error: undefined, returned }) }));
    }
    case "sp_execute": {
      const found = prepared.get(Number(first?.value));
      if (!found) throw new SqlError(8179, `Could not find prepared statement with handle ${first?.value}.`);
      const bound = bindParameters(found.declarations, parameters.slice(1));
      return textRequest(session, found.text, { bound, parameters });
    }
    case "sp_unprepare":
      return { kind: "rpc", operation: undefined, run: async () => ({ outputs: [], error: undefined }) };
    default:
      return procedureRequest(session, procedure, parameters);
  }
}

/** `returned` precedes the output parameters of the text in the reply. */
function textRequest(
  session: Session,
  text: string,
  { bound: { variables, outputs }, parameters, returned = [] }: TextCall,
): Request {
  return parsed(text, "rpc", () => ({
    run: async (signal) => {
      const outcome = await executeProcedure(session, text, { variables, signal });
      if (outcome.error) return outcome;
      const left = [...outputs].flatMap(([key, argument]): ReturnedValue[] => {
        const variable = variables.get(key);
        return variable ? [{ ...variable, name: argument.name ?? "", ordinal: parameters.indexOf(argument) }] : [];
      });
      return { ...outcome, returned: [...returned, ...left] };
    },
  }));
}

interface TextCall {
  readonly bound: Bound;
  readonly parameters: readonly Argument[];
  readonly returned?: readonly ReturnedValue[];
}

/** A call by name is the same as EXEC with constants. */
function procedureRequest(session: Session, procedure: string, parameters: readonly Argument[]): Request {
  const [name = "", schema] = procedure.split(".").reverse();
  const statement: Statement = {
    kind: "execute",
    call: {
      name: { schema, name },
      parameters: parameters.map((parameter) => ({
        name: parameter.name,
        isOutput: parameter.isOutput,
        value: { kind: "literal", type: parameter.type, value: parameter.value },
      })),
    },
  };
  return {
    kind: "rpc",
    operation: operationOf([statement]),
    run: (signal) => executeBatch(session, [statement], { signal }),
  };
}

function textOf(argument: Argument | undefined): string {
  return argument ? String(convert(argument.value ?? "", argument.type, nvarchar("max"))) : "";
}

/** BEGIN, COMMIT and ROLLBACK, as sent by a driver's transaction object. */
export function readTransactionManagerRequest(session: Session, body: Buffer): Request {
  return orFailing("batch", undefined, () => {
    const request = readTransactionRequest(body);
    return {
      kind: "batch",
      operation: undefined,
      run: async () => {
        const event = changeTransaction(session, request);
        return { outputs: event ? [{ kind: "transaction", event }] : [], error: undefined };
      },
    };
  });
}
