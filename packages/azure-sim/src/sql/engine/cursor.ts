/** The parser's position in the tokens, and the grammar that all statements share: names, numbers, types. */
import { compileError, incorrectSyntax, SqlError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ObjectName } from "./ast.ts";
import { decimal } from "./decimal.ts";
import { nvarchar, type SqlType, types, varbinary } from "./sqlTypes.ts";
import type { Token } from "./tokenizer.ts";

/** Words that must be quoted to be names: those that this grammar would otherwise mistake for an alias. */
const reserved = new Set(
  `ADD ALL ALTER AND AS ASC AUTHORIZATION BEGIN BETWEEN BY CASE CHECK COMMIT CONSTRAINT CONVERT CREATE CROSS CURSOR
  DECLARE DEFAULT DELETE DENY DESC DISTINCT DROP ELSE END EXEC EXECUTE EXISTS FETCH FOR FOREIGN FROM FULL FUNCTION GRANT
  GROUP HAVING IDENTITY IF IN INDEX INNER INSERT INTO IS JOIN KEY LEFT LIKE MERGE NOT NULL OF ON OPEN OPTION OR ORDER
  OUTER PRIMARY PROC PROCEDURE REFERENCES REVOKE RIGHT ROLLBACK SAVE SCHEMA SELECT SET TABLE THEN TO TOP TRAN TRANSACTION
  TRIGGER TRUNCATE UNION UNIQUE UPDATE USE USER VALUES VIEW WAITFOR WHEN WHERE WHILE WITH`.split(/\s+/),
);

export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.ahead(0);
  }

  get isAtEnd(): boolean {
    return this.token.kind === "end";
  }

  ahead(count: number): Token {
    return this.#tokens[this.#at + count] ?? { kind: "end", text: "" };
  }

  next(): Token {
    const token = this.token;
    this.#at += 1;
    return token;
  }

  fail(): SqlError {
    return incorrectSyntax(this.token.text || (this.#tokens[this.#at - 1]?.text ?? ""));
  }

  /** Whether these words come next. */
  sees(...words: string[]): boolean {
    return words.every((word, index) => {
      const token = this.ahead(index);
      return token.kind === "word" && token.text.toUpperCase() === word;
    });
  }

  /** Consumes these words if they come next. */
  accept(...words: string[]): boolean {
    if (!this.sees(...words)) return false;
    this.#at += words.length;
    return true;
  }

  expect(...words: string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.fail();
  }

  acceptSymbol(symbol: string): boolean {
    if (this.token.kind !== "symbol" || this.token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.fail();
  }

  /** Consumes one of `words`; returns it in upper case. */
  oneOf<Word extends string>(...words: readonly Word[]): Word {
    const found = words.find((word) => this.accept(word));
    if (!found) throw this.fail();
    return found;
  }

  seesName(): boolean {
    const { kind, text } = this.token;
    return kind === "quotedName" || (kind === "word" && !reserved.has(text.toUpperCase()));
  }

  name(): string {
    if (!this.seesName()) throw this.fail();
    return this.next().text;
  }

  objectName(): ObjectName {
    const first = this.name();
    return this.acceptSymbol(".") ? { schema: first, name: this.name() } : { schema: undefined, name: first };
  }

  variable(): string {
    if (this.token.kind !== "variable") throw this.fail();
    return this.next().text;
  }

  string(): string {
    if (this.token.kind !== "string") throw this.fail();
    return this.next().text;
  }

  integer(): number {
    const sign = this.acceptSymbol("-") ? -1 : 1;
    if (this.token.kind !== "number" || !/^\d+$/.test(this.token.text)) throw this.fail();
    return sign * Number(this.next().text);
  }

  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.acceptSymbol(",")) items.push(item());
    return items;
  }

  parenthesized<Inner>(inner: () => Inner): Inner {
    this.expectSymbol("(");
    const result = inner();
    this.expectSymbol(")");
    return result;
  }

  /** Parses something that may contain itself; deep nesting must not exhaust the stack. */
  nested<Inner>(inner: () => Inner): Inner {
    this.#depth += 1;
    if (this.#depth > limits.nesting) {
      throw compileError(
        191,
        "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up.",
      );
    }
    const result = inner();
    this.#depth -= 1;
    return result;
  }

  /** A type name with its length; `defaultLength` applies to text without one: 1 in a column, 30 in CAST. */
  type(defaultLength: number): SqlType {
    const name = this.name().toLowerCase();
    switch (name) {
      case "bit":
      case "tinyint":
      case "smallint":
      case "int":
      case "bigint":
      case "float":
      case "uniqueidentifier":
      case "sql_variant":
        return { kind: name };
      case "decimal":
      case "numeric":
        return this.#decimal();
      case "integer":
        return types.int;
      case "sysname":
        return types.sysname;
      case "datetime":
        return types.datetime2;
      case "datetime2":
        if (this.acceptSymbol("(")) {
          this.integer();
          this.expectSymbol(")");
        }
        return types.datetime2;
      case "nvarchar":
        return nvarchar(this.#length(defaultLength));
      case "varbinary":
      case "binary":
        return varbinary(this.#length(defaultLength));
      case "varchar":
      case "nchar":
      case "char":
        return { kind: name, length: this.#length(defaultLength) };
      default:
        throw new SqlError(2715, `Column, parameter, or variable: Cannot find data type ${name}.`);
    }
  }

  #decimal(): SqlType {
    if (!this.acceptSymbol("(")) return decimal(18, 0);
    const precision = this.integer();
    const scale = this.acceptSymbol(",") ? this.integer() : 0;
    this.expectSymbol(")");
    if (precision < 1 || precision > 38) {
      throw compileError(
        2750,
        `Column or parameter: Specified column precision ${precision} is out of range (1 to 38).`,
      );
    }
    if (scale < 0 || scale > precision) {
      throw compileError(192, `The scale must be less than or equal to the precision.`);
    }
    return decimal(precision, scale);
  }

  #length(defaultLength: number): number | "max" {
    if (!this.acceptSymbol("(")) return defaultLength;
    const length = this.accept("MAX") ? "max" : this.integer();
    this.expectSymbol(")");
    return length;
  }
}
