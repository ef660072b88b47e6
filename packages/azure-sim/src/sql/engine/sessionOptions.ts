/**
 * `SET option …` (Learn "SET Statements (Transact-SQL)"): what each option does here. An option is accepted without effect
 * if nothing here depends on it, or for the only value with which this engine works. Everything else is refused, because
 * silently ignoring it would give wrong results.
 */
import { compileError, notSimulated } from "../errors.ts";
import type { Statement } from "./ast.ts";
import type { Cursor } from "./cursor.ts";

export interface SessionOptions {
  readonly xactAbort: boolean;
  readonly noCount: boolean;
  /** FMTONLY: queries return only the columns of their results, and nothing else runs. */
  readonly describesOnly: boolean;
  /** NOEXEC: statements are compiled but not run. */
  readonly runsNothing: boolean;
}

export const defaultOptions: SessionOptions = {
  xactAbort: false,
  noCount: false,
  describesOnly: false,
  runsNothing: false,
};

type Change = Partial<SessionOptions>;
/** A missing property means that this value is refused. */
type Switch = { readonly ON?: Change; readonly OFF?: Change };

const nothing: Change = {};
const either: Switch = { ON: nothing, OFF: nothing };
const onlyOn: Switch = { ON: nothing };
const onlyOff: Switch = { OFF: nothing };
const neither: Switch = {};

const switches: Readonly<Record<string, Switch>> = {
  XACT_ABORT: { ON: { xactAbort: true }, OFF: { xactAbort: false } },
  NOCOUNT: { ON: { noCount: true }, OFF: { noCount: false } },
  FMTONLY: { ON: { describesOnly: true }, OFF: { describesOnly: false } },
  NOEXEC: { ON: { runsNothing: true }, OFF: { runsNothing: false } },
  ARITHABORT: either,
  ARITHIGNORE: either,
  CURSOR_CLOSE_ON_COMMIT: either,
  FORCEPLAN: either,
  ANSI_NULLS: onlyOn,
  ANSI_NULL_DFLT_ON: onlyOn,
  ANSI_PADDING: onlyOn,
  ANSI_WARNINGS: onlyOn,
  CONCAT_NULL_YIELDS_NULL: onlyOn,
  QUOTED_IDENTIFIER: onlyOn,
  ANSI_NULL_DFLT_OFF: onlyOff,
  IMPLICIT_TRANSACTIONS: onlyOff,
  NO_BROWSETABLE: onlyOff,
  NUMERIC_ROUNDABORT: onlyOff,
  PARSEONLY: onlyOff,
  REMOTE_PROC_TRANSACTIONS: onlyOff,
  SHOWPLAN_ALL: onlyOff,
  SHOWPLAN_TEXT: onlyOff,
  SHOWPLAN_XML: onlyOff,
  // ON would turn on IMPLICIT_TRANSACTIONS, OFF would turn off ANSI_NULLS.
  ANSI_DEFAULTS: neither,
};

/** Options with other values, each with a check whether a value changes nothing here. */
const settings: Readonly<Record<string, (value: string) => boolean>> = {
  DATEFIRST: (value) => /^[1-7]$/.test(value),
  DATEFORMAT: (value) => value === "MDY",
  // Only one session writes at a time, so there are no deadlocks.
  DEADLOCK_PRIORITY: (value) => /^(?:LOW|NORMAL|HIGH|-?\d|-?10)$/.test(value),
  LANGUAGE: (value) => value === "US_ENGLISH" || value === "ENGLISH",
  LOCK_TIMEOUT: (value) => value === "-1",
  ROWCOUNT: (value) => value === "0",
  TEXTSIZE: (value) => value === "-1" || Number(value) >= 2 ** 31 - 1,
};

const notKnownHere = new Set(["CONTEXT_INFO", "FIPS_FLAGGER", "IDENTITY_INSERT", "OFFSETS", "STATISTICS"]);

/** Parses what follows SET, unless it is a variable. */
export function parseSetOption(cursor: Cursor): Statement {
  if (cursor.accept("TRANSACTION", "ISOLATION", "LEVEL")) {
    // Readers see committed data at every level.
    const level = cursor.oneOf("READ", "REPEATABLE", "SNAPSHOT", "SERIALIZABLE");
    if (level === "READ") cursor.oneOf("COMMITTED", "UNCOMMITTED");
    if (level === "REPEATABLE") cursor.expect("READ");
    return { kind: "setOption", change: nothing };
  }
  const option = parseOption(cursor);
  const accepts = settings[option];
  if (accepts) {
    const value = parseValue(cursor);
    if (accepts(value.toUpperCase())) return { kind: "setOption", change: nothing };
    throw notSimulated(`SET ${option} ${value}`);
  }
  const options = [option];
  while (cursor.acceptSymbol(",")) options.push(parseOption(cursor));
  const value = cursor.oneOf("ON", "OFF");
  const changes = options.map((each) => {
    const change = switches[each]?.[value];
    if (!change) throw notSimulated(`SET ${each} ${value}`);
    return change;
  });
  return { kind: "setOption", change: Object.assign({}, ...changes) };
}

function parseOption(cursor: Cursor): string {
  if (cursor.token.kind !== "word") throw cursor.fail();
  const { text } = cursor.next();
  const option = text.toUpperCase();
  if (notKnownHere.has(option)) throw notSimulated(`SET ${option}`);
  if (!(option in switches) && !(option in settings)) {
    throw compileError(195, `'${text}' is not a recognized SET option.`);
  }
  return option;
}

function parseValue(cursor: Cursor): string {
  const sign = cursor.acceptSymbol("-") ? "-" : "";
  const { kind, text } = cursor.next();
  if (kind === "end" || kind === "symbol") throw cursor.fail();
  return sign + text;
}
