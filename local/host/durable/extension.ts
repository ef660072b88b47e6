/** The Durable Functions extension of the local host: everything the shell needs to know about it. */
import type { DurableExtension, FunctionApp } from "../app.ts";
import type { Log } from "../log.ts";
import type { MeetTurn } from "../turnFaults.ts";
import { instanceLinks, writeClientPayload } from "./clientPayload.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createEngine } from "./engine.ts";
import { message } from "./httpApi/answers.ts";
import { route } from "./httpApi/router.ts";
import type { Arrange } from "./inbox.ts";
import { createManagement } from "./management.ts";
import { parseDurableSettings } from "./settings.ts";

export interface DurableOptions {
  readonly app: FunctionApp;
  /** Holds one file for each hub. */
  readonly directory: string;
  /** `extensions.durableTask` of host.json. */
  readonly settings?: unknown;
  /** Of the host, such as http://127.0.0.1:7071. Asked when it is needed, because the port may be chosen late. */
  readonly baseUrl: () => string;
  /** The system key of the webhooks; whether it was given is for the shell to check. */
  readonly key: string;
  /** Opens what the SDK's own client calls; as the system key, for the shell to check. */
  readonly rpcKey: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** The store could not be written: nothing is acknowledged from here on, and the host should end. */
  readonly onBroken?: (error: Error) => void;
  /** How long `close` waits for functions that run, in milliseconds; 10 seconds by default. */
  readonly graceMs?: number;
  /** How many messages a turn may take; here so that a test can show why the rule is needed. */
  readonly arrange?: Arrange;
  /** Faults of the engine itself, for those who want to see what comes of them. */
  readonly meetTurn?: MeetTurn;
  /** Fails what works here and goes wrong in Azure, because a host there sees JSON only. */
  readonly isStrict?: boolean;
}

export function createDurableExtension(options: DurableOptions): DurableExtension {
  const settings = parseDurableSettings(options.settings);
  const { key, rpcKey } = options;
  const endpoints = () => ({ hubName: settings.hubName, baseUrl: options.baseUrl(), key, rpcKey });
  const clientPayload = () => writeClientPayload(endpoints());
  const engine = createEngine({
    app: options.app,
    directory: options.directory,
    clientPayload,
    settings,
    clock: options.clock ?? systemClock,
    log: options.log.category("Host.Triggers.DurableTask"),
    onBroken: options.onBroken,
    arrange: options.arrange,
    meetTurn: options.meetTurn,
    isStrict: options.isStrict,
  });
  const api = {
    engine,
    management: createManagement(engine),
    links: (id: string) => instanceLinks(id, endpoints()),
  };
  let isClosing = false;

  return {
    clientPayload,
    async handle(call, path) {
      if (isClosing) return message(503, "The host is stopping.");
      return await route(api, call, path);
    },
    start: () => engine.start(),
    async close() {
      isClosing = true;
      await engine.close(options.graceMs ?? 10_000);
    },
  };
}
