/** instances and instances/{id}/…: read, list, operate, purge. */
import type { HttpAnswer, HttpCall } from "../../app.ts";
import { EventType, type HistoryEvent } from "../history.ts";
import { ConflictError } from "../management.ts";
import { type InstanceRow, isFinal, type RuntimeStatus } from "../records.ts";
import type { InstanceFilter } from "../store/queries.ts";
import {
  empty,
  exception,
  invalidJson,
  json,
  message,
  query,
  queryAll,
  queryCount,
  queryFlag,
  queryTime,
  readJsonText,
} from "./answers.ts";
import { type Api, continuationHeader } from "./api.ts";
import { viewHistory } from "./historyView.ts";
import { acceptedOrEnded } from "./orchestrators.ts";
import { viewStatus } from "./statusView.ts";

export async function handleInstances(api: Api, call: HttpCall, path: readonly string[]): Promise<HttpAnswer> {
  const [, id = "", operation, argument] = path;
  if (id === "") {
    if (call.method === "GET") return listInstances(api, call);
    if (call.method === "DELETE") return await purgeInstances(api, call);
    return empty(404);
  }
  if (operation === undefined) {
    if (call.method === "GET") return showInstance(api, call, id);
    if (call.method === "DELETE") {
      const row = api.management.find(id);
      if (row === undefined) return empty(404);
      if (!isFinal(row.status)) {
        return json(
          412,
          `Only orchestrations in a terminal state can be purged, but the orchestration with instance ID ${id} has status ${row.status}`,
        );
      }
      return json(200, { instancesDeleted: await api.management.purge(id) });
    }
    return empty(404);
  }
  if (call.method !== "POST") return empty(404);
  return await operate(api, call, { id, operation: operation.toLowerCase(), argument });
}

function showInstance({ management, engine }: Api, call: HttpCall, id: string): HttpAnswer {
  const row = management.status(id);
  if (row === undefined) return empty(404);
  const showInput = queryFlag(call, "showInput", true);
  const status = viewStatus(row, { showInput });
  const showOutput = queryFlag(call, "showHistoryOutput", false);
  const view = queryFlag(call, "showHistory", false)
    ? {
        ...status,
        historyEvents: viewHistory(historyOf(engine, row), { showInput, showOutput, input: row.input }),
      }
    : status;
  if (!isFinal(row.status)) return json(202, view, { location: call.url.href, "retry-after": "5" });
  const isError = row.status === "Failed" && queryFlag(call, "returnInternalServerErrorOnFailure", false);
  return json(isError ? 500 : 200, view);
}

/** Includes the results that wait in the inbox to be delivered together with others (gathering.ts). */
function historyOf({ store, mailbox }: Api["engine"], { key, status }: InstanceRow): readonly HistoryEvent[] {
  const events = store.history(key);
  if (status !== "Running") return events;
  const results = mailbox
    .waiting(key)
    .filter(
      ({ stored, event }) =>
        stored &&
        (event.EventType === EventType.TaskCompleted ||
          event.EventType === EventType.SubOrchestrationInstanceCompleted),
    );
  return [...events, ...results.map(({ event }) => event)];
}

function listInstances({ engine }: Api, call: HttpCall): HttpAnswer {
  const showInput = queryFlag(call, "showInput", true);
  const { items, next } = engine.queries.instances(
    readFilter(call),
    queryCount(call, "top") ?? 100,
    call.headers[continuationHeader],
  );
  return json(
    200,
    items.map((row) => viewStatus(row, { showInput })),
    next === undefined ? {} : { [continuationHeader]: next },
  );
}

async function purgeInstances({ management, engine }: Api, call: HttpCall): Promise<HttpAnswer> {
  const filter = readFilter(call);
  if (filter.createdFrom === undefined) return json(400, "Please provide value for 'createdTimeFrom' parameter.");
  const deleted = await management.purgeMany({ createdTo: engine.clock.now(), ...filter });
  return deleted === 0 ? empty(404) : json(200, { instancesDeleted: deleted });
}

async function operate(
  api: Api,
  call: HttpCall,
  { id, operation, argument }: { id: string; operation: string; argument: string | undefined },
): Promise<HttpAnswer> {
  const { management } = api;
  if (operation === "restart" && argument === undefined) {
    if (management.find(id) === undefined) {
      return exception(400, "InstanceId does not match a valid orchestration instance.", {
        message: `No instance with ID '${id}' was found. (Parameter 'instanceId')`,
        type: "System.ArgumentException",
      });
    }
    let restarted: InstanceRow;
    try {
      restarted = await management.restart(id, queryFlag(call, "restartWithNewInstanceId", true));
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // HttpApiHandler.cs, HandleRestartInstanceRequestAsync.
      return exception(409, "A non-terminal instance with this instance ID already exists.", {
        message: error.message,
        type: "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
      });
    }
    return await acceptedOrEnded(api, call, restarted);
  }
  const row = management.find(id);
  if (row === undefined) {
    return operation === "rewind" && argument === undefined
      ? json(404, `No orchestration with instance ID "$${id}" found.`)
      : empty(404);
  }
  if (operation === "raiseevent" && argument !== undefined) return await raiseEvent(api, call, row, argument);
  if (argument !== undefined) return empty(404);
  const reason = query(call, "reason") ?? null;
  if (operation === "rewind") {
    // As JSON text, from which the SDK makes its error.
    return json(
      412,
      "This host rewinds nothing; restart the instance, or start the app with Azure Functions Core Tools.",
    );
  }
  const act = { terminate: management.terminate, suspend: management.suspend, resume: management.resume }[operation];
  if (act === undefined) return empty(404);
  if (isFinal(row.status)) return empty(410);
  await act(row, reason);
  return empty(202);
}

async function raiseEvent({ management }: Api, call: HttpCall, row: InstanceRow, name: string): Promise<HttpAnswer> {
  if (isFinal(row.status)) return empty(410);
  if (!/^application\/json\b/i.test(call.headers["content-type"] ?? "")) {
    return message(400, "Only application/json request content is supported");
  }
  const body = readJsonText(call);
  if ("invalid" in body) return invalidJson(body.invalid);
  if (body.json === null) return invalidJson("The body is empty.");
  await management.raiseEvent(row, name, body.json);
  return empty(202);
}

/** OrchestrationRuntimeStatus: .NET's Enum.TryParse takes a name in its own case, or the number. */
const statusNames = [
  "Running",
  "Completed",
  "ContinuedAsNew",
  "Failed",
  "Canceled",
  "Terminated",
  "Pending",
  "Suspended",
] as const;
type StatusName = (typeof statusNames)[number];

function readStatus(text: string): StatusName | undefined {
  const trimmed = text.trim();
  return (
    statusNames.find((name) => name === trimmed) ?? (/^\d+$/.test(trimmed) ? statusNames[Number(trimmed)] : undefined)
  );
}

/** Unknown status names are ignored; known ones that no instance here can have match nothing. */
function readFilter(call: HttpCall): InstanceFilter {
  const statuses = queryAll(call.url, "runtimeStatus")
    .flatMap((list) => list.split(","))
    .flatMap((name) => readStatus(name) ?? []);
  const createdFrom = queryTime(call, "createdTimeFrom");
  const createdTo = queryTime(call, "createdTimeTo");
  const idPrefix = query(call, "instanceIdPrefix");
  return {
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdTo === undefined ? {} : { createdTo }),
    ...(idPrefix === undefined || idPrefix === "" ? {} : { idPrefix }),
    ...(statuses.length === 0 ? {} : { statuses: statuses.filter(isOurs) }),
  };
}

function isOurs(status: StatusName): status is RuntimeStatus {
  return status !== "Canceled" && status !== "ContinuedAsNew";
}
