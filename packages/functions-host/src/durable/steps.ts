/** One turn of an instance: what its next messages are, what the app makes of them, and what is recorded of it. */
import type { Log } from "../log.ts";
import { messageOf } from "../messageOf.ts";
import type { MeetTurn } from "../turnFaults.ts";
import type { Clock } from "./clock.ts";
import { describeOrchestratorFailure, explainUnstored } from "./failures.ts";
import { EventType } from "./history.ts";
import { type Arrange, hiddenIdsFirst, nextStep } from "./inbox.ts";
import type { Instance, Instances } from "./instances.ts";
import { toJson } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Mailbox } from "./mailbox.ts";
import { noEffects } from "./plan.ts";
import { isFinal, type WaitingMessage } from "./records.ts";
import type { DurableSpans } from "./spans.ts";
import { type Outcome, runTurn, type TurnContext } from "./turn.ts";
import { serves } from "./versions.ts";

export interface StepsOptions extends TurnContext {
  readonly instances: Instances;
  readonly mailbox: Mailbox;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly spans: DurableSpans;
  readonly log: Log;
  readonly arrange?: Arrange;
  /** Faults of the engine itself. */
  readonly meetTurn?: MeetTurn;
}

export class Steps {
  readonly #options: StepsOptions;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** False when there is nothing to do until another message comes. */
  async step(key: number): Promise<boolean> {
    const instance = this.#options.instances.load(key);
    const waiting = this.#options.mailbox.waiting(key);
    if (instance === undefined) {
      this.#options.mailbox.discard(waiting);
      this.#options.mailbox.forget(key);
      return false;
    }
    const { dropped, control, batch } = nextStep(instance, waiting, this.#options.arrange ?? hiddenIdsFirst);
    this.#options.mailbox.discard(dropped);
    this.#options.instances.hold(instance);
    try {
      if (control === undefined && this.#isRejected(instance)) return false;
      if (control !== undefined) this.#obey(instance, control);
      else if (batch.length > 0) this.#save(instance, batch, await this.#reckon(instance, batch));
    } finally {
      this.#options.instances.release(instance);
    }
    this.#options.mailbox.tidy(key);
    return control !== undefined || batch.length > 0;
  }

  /** Its messages wait in its inbox until a host of its version is started on this store. */
  #isRejected({ row: { id, name, version } }: Instance): boolean {
    if (this.#options.settings.versionFailureStrategy === "Fail" || serves(this.#options.settings, version))
      return false;
    this.#options.log.warn("an orchestration is of another version and waits for a host that serves it", {
      instanceId: id,
      name,
      version: version ?? "none",
      ofThisHost: this.#options.settings.defaultVersion ?? "none",
    });
    return true;
  }

  async #reckon(instance: Instance, batch: readonly WaitingMessage[]): Promise<Outcome> {
    const now = wakingTime(batch, { now: this.#options.clock.now(), last: instance.row.updated });
    this.#options.spans.running(instance.row, instance.traceParent);
    const delivered = batch.map(({ event }) => event);
    return await runTurn(this.#options, instance, delivered, { now, refuse: () => this.#refuse(instance) });
  }

  async #refuse({ row: { id, name, version } }: Instance): Promise<string | undefined> {
    const fault = await this.#options.meetTurn?.({ name, instanceId: id });
    if (fault !== undefined || serves(this.#options.settings, version)) return fault;
    return `Its version '${version ?? ""}' is not one that version '${this.#options.settings.defaultVersion}' serves.`;
  }

  #save(instance: Instance, batch: readonly WaitingMessage[], outcome: Outcome): void {
    // Ended from outside while the app was replaying.
    if (isFinal(instance.row.status)) return;
    try {
      this.#carryOut(instance, batch, outcome);
    } catch (error) {
      // Its events are too long for one text, perhaps. The instance in memory knows of them, so nothing can follow.
      this.#options.log.error("what an orchestration decided could not be recorded; it fails", {
        instanceId: instance.row.id,
        error: String(error),
      });
      this.fail(instance, explainUnstored(messageOf(error)));
    }
  }

  #carryOut(instance: Instance, batch: readonly WaitingMessage[], outcome: Outcome): void {
    instance.gathering = outcome.gathering;
    const { ending, unread } = outcome;
    const used = unread.length === 0 ? batch : batch.filter((_, position) => !unread.includes(position));
    if (ending === undefined) {
      this.#options.lifecycle.advance(instance, used, "Running", outcome);
    } else if (ending.status === "ContinuedAsNew") {
      this.#options.lifecycle.continueAsNew(instance, used, ending.input, outcome);
    } else if (ending.status === "Completed") {
      this.#options.lifecycle.finish(instance, batch, {
        ...outcome,
        status: "Completed",
        output: ending.output,
        failure: undefined,
      });
    } else {
      const { failure } = ending;
      this.#options.lifecycle.finish(instance, batch, {
        ...outcome,
        status: "Failed",
        output: toJson(failure.Reason),
        failure,
      });
    }
  }

  /** Suspend, resume, terminate: handled without a replay. */
  #obey(instance: Instance, message: WaitingMessage): void {
    const { event } = message;
    if (event.EventType === EventType.ExecutionTerminated) {
      this.#end(instance, [message], event.Input);
      return;
    }
    const resumed = instance.history.count === 0 ? "Pending" : "Running";
    const { customStatus } = instance.row;
    const reason = "Reason" in event ? event.Reason : null;
    const output = typeof reason === "string" ? toJson(reason) : null;
    const status = event.EventType === EventType.ExecutionSuspended ? "Suspended" : resumed;
    this.#options.lifecycle.advance(instance, [message], status, {
      events: [event],
      effects: noEffects(),
      customStatus,
      output,
    });
  }

  #end(instance: Instance, used: readonly WaitingMessage[], reason: string | null): void {
    const { row, ledger } = instance;
    const now = this.#options.clock.now();
    this.#options.lifecycle.finish(instance, used, {
      events: [
        {
          EventType: EventType.ExecutionTerminated,
          EventId: -1,
          Timestamp: new Date(now).toISOString(),
          Input: reason,
        },
        {
          EventType: EventType.ExecutionCompleted,
          EventId: ledger.nextId,
          Timestamp: new Date(now).toISOString(),
          OrchestrationStatus: terminatedStatus,
          Result: reason ?? "null",
        },
      ],
      effects: noEffects(),
      customStatus: row.customStatus,
      status: "Terminated",
      output: reason === null ? (row.output ?? "null") : toJson(reason),
      // For a parent; the SDK requires text in both.
      failure: { Reason: reason ?? "", Details: "" },
    });
  }

  /** Ends an instance whose turn cannot be stored. */
  fail(instance: Instance, reason: string): void {
    const { row, ledger } = instance;
    const failure = describeOrchestratorFailure(row.name, reason);
    this.#options.lifecycle.finish(instance, [], {
      events: [
        {
          EventType: EventType.ExecutionCompleted,
          EventId: ledger.nextId,
          Timestamp: new Date(this.#options.clock.now()).toISOString(),
          OrchestrationStatus: failedStatus,
          Result: failure.Reason,
        },
      ],
      effects: noEffects(),
      customStatus: row.customStatus,
      status: "Failed",
      output: toJson(failure.Reason),
      failure,
    });
  }
}

/** DurableTask's numbers for them. */
const failedStatus = 3;
const terminatedStatus = 5;

/** How early a timer wakes an orchestration, by its own clock. */
const earlyMs = 5;
/** A timer that fires later than this was delayed by something else, such as a host that was down. */
const promptMs = 1_000;

/**
 * The orchestration's time in a turn. On the real host a timer wakes it a little before its fire time (seen at every try, with
 * extension 3.19.0). An orchestrator that then checks the clock to see whether the time is over waits again there, and so it
 * does here. Its time never goes back.
 */
function wakingTime(batch: readonly WaitingMessage[], { now, last }: { now: number; last: number }): number {
  const due = batch.reduce((earliest, message) => Math.min(earliest, message.due ?? now), now);
  return due < now - promptMs || batch.every((message) => message.due === null) ? now : Math.max(last, due - earlyMs);
}
