/**
 * kubectl's JSONPath templates (kubernetes.io/docs/reference/kubectl/jsonpath): text with expressions in braces, `range` and
 * `end`, filters, slices, unions, and recursive descent. No npm package implements this dialect, which differs from the JSONPath of
 * RFC 9535: here a quoted key is a path, and `$` is the current object. As in kubectl, a missing value prints nothing.
 */
import { isRecord } from "../../src/domain/request/objectForm.ts";
import { UsageError } from "../failures.ts";
import { toJson } from "./json.ts";

/** Maps the current values to the next ones. */
type Step = (values: readonly unknown[]) => readonly unknown[];

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: Step }
  | { readonly kind: "range"; readonly path: Step; readonly nodes: readonly Node[] };

/** Returns a function that renders a document with the template. */
export function readTemplate(template: string): (document: unknown) => string {
  const nodes = parseTemplate(template);
  return (document) => printNodes(nodes, document);
}

/** The values at one path; braces and the first dot are optional: `.cluster`, `{.cluster}`, `cluster`. */
export function readPath(text: string): (document: unknown) => readonly unknown[] {
  const bare = text.replace(/^\{(.*)\}$/s, "$1").trim();
  const reader = new Reader(/^[.[@$]/.test(bare) ? bare : `.${bare}`);
  const path = readSteps(reader);
  reader.expectEnd();
  return (document) => path([document]);
}

/** A text as it is, as in kubectl; whoever writes it to a terminal escapes it. */
export function printValue(value: unknown): string {
  return typeof value === "string" ? value : toJson(value);
}

function printNodes(nodes: readonly Node[], current: unknown): string {
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      const values = node.path([current]);
      if (node.kind === "path") return values.map(printValue).join(" ");
      return values.map((value) => printNodes(node.nodes, value)).join("");
    })
    .join("");
}

class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get rest(): string {
    return this.text.slice(this.at);
  }

  /** Consumes what the expression matches here; undefined if it does not match. */
  take(expression: RegExp): RegExpExecArray | undefined {
    const found = new RegExp(`^(?:${expression.source})`, "s").exec(this.rest);
    if (!found) return undefined;
    this.at += found[0].length;
    return found;
  }

  fail(what: string): never {
    const where = this.rest === "" ? "its end" : `"${this.rest}"`;
    throw new UsageError(`The JSONPath "${this.text}" cannot be read at ${where}: ${what}.`, {
      next: ["docs/cli.md has examples; the language is kubectl's."],
    });
  }

  expectEnd(): void {
    this.take(/\s+/);
    if (this.rest !== "") this.fail("it should end here");
  }
}

function parseTemplate(template: string): readonly Node[] {
  const reader = new Reader(template);
  const root: Node[] = [];
  /** Open ranges, innermost last. */
  const open: Node[][] = [root];
  const add = (node: Node) => open.at(-1)?.push(node);
  while (reader.rest !== "") {
    const text = reader.take(/[^{]+/);
    if (text) {
      add({ kind: "text", text: text[0] });
      continue;
    }
    reader.take(/\{\s*/);
    while (!reader.take(/\s*\}/)) {
      reader.take(/\s+/);
      if (reader.take(/range(?=[\s.[@$])\s*/)) {
        const nodes: Node[] = [];
        add({ kind: "range", path: readSteps(reader), nodes });
        open.push(nodes);
      } else if (reader.take(/end(?=\s*\})/)) {
        if (open.length === 1) reader.fail("there is no range to end");
        open.pop();
      } else {
        const quoted = readQuoted(reader);
        if (quoted !== undefined) add({ kind: "text", text: quoted });
        else if (/^[.[@$]/.test(reader.rest)) add({ kind: "path", path: readSteps(reader) });
        else reader.fail(reader.rest === "" ? "a brace is not closed" : "a path begins with a dot, as in {.value}");
      }
    }
  }
  if (open.length > 1) reader.fail("a range has no {end}");
  return root;
}

function readQuoted(reader: Reader): string | undefined {
  const [, double, single] = reader.take(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/) ?? [];
  const text = double ?? single;
  if (text === undefined) return undefined;
  const codes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.replaceAll(/\\(.)/gs, (_all, letter: string) => codes[letter] ?? letter);
}

function readSteps(reader: Reader): Step {
  const steps: Step[] = [];
  reader.take(/[@$]/);
  for (;;) {
    if (reader.take(/\.\.+/)) {
      steps.push(descend);
      const name = readName(reader);
      if (name !== undefined) steps.push(name);
    } else if (reader.take(/\./)) {
      const name = readName(reader);
      if (name) steps.push(name);
      else if (!/^[.[]/.test(reader.rest) && !isEndOfPath(reader)) reader.fail("a name is missing");
    } else if (reader.take(/\[/)) steps.push(readBrackets(reader));
    else break;
  }
  return (values) => steps.reduce<readonly unknown[]>((current, step) => step(current), values);
}

function isEndOfPath(reader: Reader): boolean {
  return reader.rest === "" || /^[\s})\]=!<>,]/.test(reader.rest);
}

function readName(reader: Reader): Step | undefined {
  if (reader.take(/\*/)) return children;
  const found = reader.take(/(?:[^\s.,[\]{}()@$=!<>~\\]|\\.)+/);
  return found && field(found[0].replaceAll(/\\(.)/gs, "$1"));
}

const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isRecord(value) && Object.hasOwn(value, name) ? [value[name]] : []));

const children: Step = (values) => values.flatMap(childrenOf);

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

/** Every object and list, from the outside in. */
const descend: Step = (values) =>
  values.flatMap((value) => {
    const inner = childrenOf(value);
    return inner.length === 0 ? [] : [value, ...descend(inner)];
  });

function readBrackets(reader: Reader): Step {
  reader.take(/\s+/);
  if (reader.take(/\?\(/)) {
    const keep = readFilter(reader);
    if (!reader.take(/\s*\)\s*\]/)) reader.fail("a filter ends with )]");
    return (values) => values.flatMap((value) => (Array.isArray(value) ? value.filter(keep) : []));
  }
  const parts: Step[] = [];
  do {
    reader.take(/\s+/);
    parts.push(readPart(reader));
    reader.take(/\s+/);
  } while (reader.take(/,/));
  if (!reader.take(/\]/)) reader.fail("a bracket is not closed");
  return (values) => parts.flatMap((part) => part(values));
}

function readPart(reader: Reader): Step {
  if (reader.take(/\*/)) return children;
  const [, key] = reader.take(/(?:'((?:[^'\\]|\\.)*)'|"(?:[^"\\]|\\.)*")/) ?? [];
  if (key !== undefined) return readKey(key);
  const found = reader.take(/(-?\d+)?(:)?(-?\d+)?(?::(-?\d+)?)?(?=\s*[\],])/);
  if (!found || found[0] === "") reader.fail("a number, a slice, * or a quoted key belongs here");
  const [, start, colon, end, step] = found;
  if (colon === undefined) return at(Number(start));
  return slice(start === undefined ? 0 : Number(start), end === undefined ? undefined : Number(end), Number(step ?? 1));
}

/** kubectl reads `['metadata.name']` as a path; a dot within a key is written `\.`. */
function readKey(key: string): Step {
  const inner = new Reader(`.${key}`);
  const steps = readSteps(inner);
  return inner.rest === "" ? steps : field(key);
}

const at =
  (index: number): Step =>
  (values) =>
    values.flatMap((value) => {
      const found = Array.isArray(value) ? (value.at(index) as unknown) : undefined;
      return found === undefined ? [] : [found];
    });

const slice =
  (start: number, end: number | undefined, step: number): Step =>
  (values) =>
    values.flatMap((value) =>
      Array.isArray(value) ? value.slice(start, end).filter((_each, index) => index % Math.max(1, step) === 0) : [],
    );

const operators: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<=": (left, right) => isOrdered(left, right) && order(left, right) <= 0,
  ">=": (left, right) => isOrdered(left, right) && order(left, right) >= 0,
  "<": (left, right) => isOrdered(left, right) && order(left, right) < 0,
  ">": (left, right) => isOrdered(left, right) && order(left, right) > 0,
  "=~": (left, right) => typeof left === "string" && new RegExp(String(right), "u").test(left),
};

function isOrdered(left: unknown, right: unknown): boolean {
  return typeof left === typeof right && (typeof left === "number" || typeof left === "string");
}

/** Compares numbers by value and everything else as text. */
export function order(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const [a, b] = [printValue(left), printValue(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function readFilter(reader: Reader): (value: unknown) => boolean {
  const begin = reader.at;
  const left = readOperand(reader);
  const compared = reader.text.slice(begin, reader.at).trim();
  reader.take(/\s+/);
  const [symbol] = reader.take(/==|!=|<=|>=|=~|<|>/) ?? [];
  if (symbol === undefined) return (value) => left(value).length > 0;
  const compare = operators[symbol];
  const right = readOperand(reader);
  return (value) => {
    const [lefts, rights] = [left(value), right(value)];
    if (lefts.length > 1 || rights.length > 1) {
      throw new UsageError(
        `A filter compares one value at a time, as kubectl's does; ${compared} has ${lefts.length}.`,
        {
          next: [
            'Name one by its index: ?(@.databases[0].database=="orders")',
            "mooring access --target <target> -o name",
          ],
        },
      );
    }
    return lefts.length > 0 && rights.length > 0 && compare?.(lefts[0], rights[0]) === true;
  };
}

function readOperand(reader: Reader): (value: unknown) => readonly unknown[] {
  reader.take(/\s+/);
  const quoted = readQuoted(reader);
  if (quoted !== undefined) return () => [quoted];
  const [literal] = reader.take(/true|false|null|-?\d+(?:\.\d+)?/) ?? [];
  if (literal !== undefined) return () => [JSON.parse(literal)];
  if (!/^[@$.]/.test(reader.rest)) reader.fail('a filter compares as in ?(@.state=="Onboarded")');
  const path = readSteps(reader);
  return (value) => path([value]);
}
