/** The Durable Functions extension of the embedded host, as the rest of the host sees it. */
import type { DurableExtension, FunctionApp, HttpAnswer } from "../app.ts";
import type { Log } from "../log.ts";
import type { MeetTurn } from "../turnFaults.ts";
import type { ActivitiesOptions } from "./activities.ts";
import { instanceLinks, writeClientPayload } from "./clientPayload.ts";
import { type Clock, createClock } from "./clock.ts";
import { createEngine, type Engine } from "./engine.ts";
import type { StoreBroken } from "./groupCommit.ts";
import { message } from "./httpApi/answers.ts";
import { route } from "./httpApi/router.ts";
import type { Arrange } from "./inbox.ts";
import { createManagement } from "./management.ts";
import { parseDurableSettings } from "./settings.ts";
import { adviceFor } from "./store/sqliteErrors.ts";

export interface DurableOptions {
  readonly app: FunctionApp;
  /** Holds one file for each hub. */
  readonly directory: string;
  /** `extensions.durableTask` of host.json. */
  readonly settings?: unknown;
  /** The host's, such as http://127.0.0.1:7071. A function, because the port may be chosen late. */
  readonly baseUrl: () => string;
  /** The system key of the webhooks; the HTTP server checks that callers sent it. */
  readonly key: string;
  /** Opens what the SDK's own client calls; the HTTP server checks this key, too. */
  readonly rpcKey: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** How long `close` waits for running functions, in milliseconds; 10 seconds by default. */
  readonly graceMs?: number;
  /** How many connections the HTTP server has accepted (afterConnections.ts). */
  readonly countConnections?: () => number;
  /** The order of messages in a turn; an option so that a test can show why the rule is needed. */
  readonly arrange?: Arrange;
  /** Faults of the engine itself, to see their consequences. */
  readonly meetTurn?: MeetTurn;
  /** The slots that activities run in. */
  readonly activitySlots?: ActivitiesOptions["createSlots"] | undefined;
  /** Fails what works here but would go wrong in Azure, where the host sees only JSON. */
  readonly isStrict?: boolean;
}

export function createDurableExtension(options: DurableOptions): DurableExtension {
  const settings = parseDurableSettings(options.settings);
  const { key, rpcKey, clock = createClock(), graceMs = 10_000 } = options;
  const log = options.log.category("Host.Triggers.DurableTask");
  const endpoints = () => ({ hubName: settings.hubName, baseUrl: options.baseUrl(), key, rpcKey });
  const clientPayload = () => writeClientPayload(endpoints());
  let isClosing = false;
  let isStarted = false;
  /** Why nothing can be acknowledged, and a promise of its end; undefined when all is well. */
  let outage: { readonly error: StoreBroken; readonly end: Promise<void> } | undefined;
  let { api, engine } = open();

  function open(refused?: StoreBroken) {
    const opened = createEngine({
      app: options.app,
      directory: options.directory,
      clientPayload,
      settings,
      clock,
      log,
      onBroken(error) {
        outage = { error, end: recover(opened, error) };
      },
      refused,
      arrange: options.arrange,
      meetTurn: options.meetTurn,
      isStrict: options.isStrict,
      countConnections: options.countConnections,
      activitySlots: options.activitySlots,
    });
    const links = (id: string) => instanceLinks(id, endpoints());
    return { engine: opened, api: { engine: opened, management: createManagement(opened), links } };
  }

  /**
   * After a failed write, on a full disk for example, memory is ahead of the store. So it is discarded, and as soon as the store
   * can be written, a new engine starts from it, as after a crash. What is still running gets some time to end: its results are
   * lost, and it runs again.
   */
  async function recover(broken: Engine, error: StoreBroken): Promise<void> {
    await broken.close(graceMs);
    for (;;) {
      // A disk that is almost full accepts the first writes and then fails again, so attempts are spaced out.
      await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
      if (isClosing) return;
      try {
        ({ api, engine } = open(error));
        outage = undefined;
        log.info("durable store can be opened again");
        if (isStarted) engine.start();
        return;
      } catch (error) {
        log.debug("durable store still cannot be opened", { error: String(error) });
      }
    }
  }

  const refuse = () => (outage === undefined ? undefined : unavailable(outage.error));

  return {
    clientPayload,
    async handle(call, path) {
      if (isClosing) return message(503, "The host is stopping.");
      const refusal = refuse();
      if (refusal !== undefined) return refusal;
      try {
        return await route(api, call, path);
      } catch (error) {
        // It broke while the call was being handled.
        const late = refuse();
        if (late !== undefined) return late;
        throw error;
      }
    },
    start() {
      isStarted = true;
      engine.start();
    },
    async close() {
      isClosing = true;
      if (outage !== undefined) await outage.end;
      else await engine.close(graceMs);
    },
  };
}

/** The time between attempts while the store cannot be written. */
const retryMs = 1_000;

function unavailable({ cause, reason }: StoreBroken): HttpAnswer {
  const text = `The durable store cannot be written (${reason}). ${adviceFor(cause)}`;
  return { ...message(503, text), headers: { "content-type": "application/json; charset=utf-8", "retry-after": "1" } };
}
