import type { DurableExtension, RegisteredFunction, TypedData } from "./app.ts";

/** The value of every `durableClient` binding of a function. */
export function durableInputs(
  { bindings }: RegisteredFunction,
  durable: Pick<DurableExtension, "clientPayload"> | undefined,
): Record<string, TypedData> {
  const clients = bindings.filter(
    ({ type, direction }) => direction === "in" && type.toLowerCase() === "durableclient",
  );
  if (durable === undefined || clients.length === 0) return {};
  const payload = durable.clientPayload();
  return Object.fromEntries(clients.map(({ name }) => [name, { string: payload }]));
}
