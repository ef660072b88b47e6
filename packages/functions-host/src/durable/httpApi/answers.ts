/** Answers in the form of the Durable extension. */

import type { HttpAnswer, HttpCall } from "../../app.ts";
import { messageOf } from "../../messageOf.ts";
import { asReceived } from "../payloads.ts";

export function empty(status: number): HttpAnswer {
  return { status, headers: {}, body: "" };
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return jsonText(status, JSON.stringify(body), headers);
}

export function jsonText(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { "content-type": "application/json; charset=utf-8", ...headers }, body };
}

export function message(status: number, text: string): HttpAnswer {
  return json(status, { Message: text });
}

export function problem(status: 400 | 500, error: Error): HttpAnswer {
  const text =
    status === 400
      ? "One or more of the arguments submitted is incorrect"
      : "Something went wrong while processing your request";
  const type = status === 400 ? "System.ArgumentException" : "System.InvalidOperationException";
  return exception(status, text, { message: error.message, type });
}

export function invalidJson(reason: string): HttpAnswer {
  return exception(400, "Invalid JSON content", { message: reason, type: "Newtonsoft.Json.JsonReaderException" });
}

export function exception(
  status: number,
  text: string,
  { message, type }: { message: string; type: string },
): HttpAnswer {
  return json(status, { Message: text, ExceptionMessage: message, ExceptionType: type, StackTrace: "" });
}

function readText({ body }: HttpCall): string {
  return Buffer.from(body)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

/** JSON text of a body; null when there is none. */
export function readJsonText(call: HttpCall): { readonly json: string | null } | { readonly invalid: string } {
  const text = readText(call);
  if (text.trim() === "") return { json: null };
  try {
    JSON.parse(text);
    return { json: asReceived(text) };
  } catch (error) {
    return { invalid: messageOf(error) };
  }
}

/** Query parameters are case-insensitive in .NET. */
export function query({ url }: HttpCall, name: string): string | undefined {
  const lower = name.toLowerCase();
  for (const [key, value] of url.searchParams) if (key.toLowerCase() === lower) return value;
  return undefined;
}

export function queryAll(url: URL, name: string): string[] {
  const lower = name.toLowerCase();
  return [...url.searchParams].flatMap(([key, value]) => (key.toLowerCase() === lower ? [value] : []));
}

/** Anything but `true` and `false` counts as absent. */
export function queryFlag(call: HttpCall, name: string, fallback: boolean): boolean {
  const value = query(call, name)?.toLowerCase();
  return value === "true" ? true : value === "false" ? false : fallback;
}

/** Milliseconds; undefined when absent or not a time. */
export function queryTime(call: HttpCall, name: string): number | undefined {
  const time = Date.parse(query(call, name) ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** A page size; undefined when absent or not a number. */
export function queryCount(call: HttpCall, name: string): number | undefined {
  const value = query(call, name) ?? "";
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
