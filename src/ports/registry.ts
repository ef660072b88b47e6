/** What Mooring remembers: Table Storage. */
import type { NamespaceRef } from "../domain/naming/names.ts";
import type { Leftover } from "../domain/operation/leftover.ts";
import type { LookTime } from "../domain/operation/lookTime.ts";
import type { FreeRecord, HeldRecord, NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import type { OperationStatus } from "../domain/operation/operation.ts";
import type {
  AnyOperation,
  BatchAsk,
  BatchItem,
  BatchRecord,
  OpenBatch,
  OperationRecord,
  Page,
  StepRecord,
  Stored,
  WaitingRequest,
} from "../domain/operation/records.ts";
import type { StepKey } from "../domain/operation/stepName.ts";

/**
 * A record that cannot be read fails what asks for it alone, with RECORD_UNREADABLE. Lists of namespaces, operations, open batches
 * and waiting requests leave it out, so that it hides no other; the registry writes it to the log and counts it.
 */
export interface Registry extends Batches, WaitingRequests, Leftovers {
  getNamespace(namespaceRef: NamespaceRef): Promise<Stored<NamespaceRecord> | undefined>;
  listNamespaces(query: {
    cluster?: string;
    /** Only what belongs to one of these teams; an empty list matches nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<NamespaceRecord>>;
  countNamespaces(team: string): Promise<number>;
  /** Records whose state says that an operation holds them. */
  heldNamespaces(): Promise<readonly Stored<HeldRecord>[]>;
  /** Of all that are onboarded, without the rest of their records; in no particular order. */
  lookTimes(): Promise<readonly LookTime[]>;
  /** Access of these namespaces ends before the given time, or a look has found so; no operation holds them. In no particular order. */
  namespacesEnding(query: { before: string }): Promise<readonly Stored<FreeRecord>[]>;
  /** False if there already is a record. */
  insertNamespace(record: NamespaceRecord): Promise<boolean>;
  /** False if someone wrote since the record was read. */
  replaceNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;
  removeNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;

  /** Also undefined for a batch. */
  getOperation(id: string): Promise<Stored<OperationRecord> | undefined>;
  /** The operation of a namespace or of a batch. */
  findOperation(id: string): Promise<Stored<OperationRecord> | Stored<BatchRecord> | undefined>;
  /** Newest first; batches too, unless a namespace is asked for. */
  listOperations(query: {
    cluster?: string;
    namespace?: string;
    status?: OperationStatus;
    kind?: AnyOperation["kind"];
    /** By their ids: reads only those. */
    createdSince?: string;
    /** Written at that time or later, by the table's own clock, like `changedTime`. */
    changedSince?: string;
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AnyOperation>>;
  /** Does nothing if the operation is already recorded. */
  insertOperation(record: OperationRecord): Promise<void>;
  updateOperation(
    id: string,
    changes: Partial<Pick<OperationRecord, "status" | "startTime" | "endTime" | "result" | "error">>,
  ): Promise<void>;
  /** Writes the changes; false if someone wrote since the record was read. Used for decisions. */
  amendOperation(record: Stored<OperationRecord>, changes: Partial<OperationRecord>): Promise<boolean>;

  listSteps(operation: string): Promise<readonly StepRecord[]>;
  getStep(operation: string, step: StepKey): Promise<StepRecord | undefined>;
  /** Records the first attempt of the step as Running. If the step has a row already, it is returned, and nothing is written. */
  startStep(operation: string, step: StepKey, startTime: string): Promise<StepRecord | undefined>;
  /** Records a further attempt as Running; `attempts` includes it. */
  repeatStep(
    operation: string,
    step: StepKey,
    attempts: number,
    unanswered?: Pick<StepRecord, "unansweredTime">,
  ): Promise<void>;
  /**
   * Closes those of the steps that have not begun: their first attempt finds a row. Returns the steps that have begun; an attempt
   * that begins later finds them closed, or what was written before this call.
   */
  closeSteps(operation: string, steps: readonly StepKey[], time: string): Promise<readonly StepRecord[]>;
  updateStep(operation: string, step: StepKey, changes: Partial<Omit<StepRecord, "name" | "target">>): Promise<void>;

  /** The ID of this installation of Mooring, which its marks name: made once, and the same for all instances. */
  installation(): Promise<string>;
  /** The time now by the tables' own clock, to the second: the same for all instances, and independent of this machine's. */
  time(): Promise<number>;
  /** Throws if the tables do not answer. */
  probe(): Promise<void>;
  /** How many unreadable rows this process has met within the last hour. */
  countUnreadable(): Promise<number>;
}

export interface Batches {
  /** The batch is accepted when this returns: its record is written last, after everything that it needs. Idempotent. */
  insertBatch(record: BatchRecord, asked: readonly BatchAsk[]): Promise<void>;
  getBatch(id: string): Promise<Stored<BatchRecord> | undefined>;
  /** False if someone wrote since the record was read. */
  amendBatch(record: Stored<BatchRecord>, changes: Partial<BatchRecord>): Promise<boolean>;

  /** Batches that have not ended. One without a record was not accepted, or is being accepted now. */
  openBatches(): Promise<readonly Stored<OpenBatch>[]>;
  getOpenBatch(id: string): Promise<Stored<OpenBatch> | undefined>;
  replaceOpenBatch(record: Stored<OpenBatch>): Promise<boolean>;
  closeBatch(id: string): Promise<void>;
  /** Removes a batch that was not accepted, unless an attempt to accept it has begun since it was read. */
  forgetBatch(open: Stored<OpenBatch>): Promise<void>;

  getBatchItem(batch: string, index: number): Promise<Stored<BatchItem & BatchAsk> | undefined>;
  /** Changes the item; false if someone wrote since it was read. */
  amendBatchItem(batch: string, item: Stored<BatchItem>, changes: Partial<BatchItem>): Promise<boolean>;
  /** The same for many, in few transactions: if someone wrote one item, others are not changed either. Says which were. */
  amendBatchItems(
    batch: string,
    amendments: readonly { readonly item: Stored<BatchItem>; readonly changes: Partial<BatchItem> }[],
  ): Promise<readonly boolean[]>;
  /** In order, without what they ask for. One that cannot be read is there as failed, with RECORD_UNREADABLE. */
  listBatchItems(batch: string, query?: { status: OperationStatus }): Promise<readonly Stored<BatchItem>[]>;
  updateBatchItems(
    batch: string,
    changes: readonly { readonly index: number; readonly changes: Partial<BatchItem> }[],
  ): Promise<void>;
}

/** Requests from the queue that wait for their namespace. */
export interface WaitingRequests {
  /** For one namespace, in order. */
  waitingFor(namespaceRef: NamespaceRef): Promise<readonly WaitingRequest[]>;
  /** The first one of a namespace; reads no other. Fails with RECORD_UNREADABLE where it is there and cannot be read. */
  firstWaiting(namespaceRef: NamespaceRef): Promise<WaitingRequest | undefined>;
  /** For all namespaces, without the requests. */
  listWaiting(): Promise<readonly Omit<WaitingRequest, "request">[]>;
  /** Does nothing if it is already waiting. */
  insertWaiting(record: WaitingRequest): Promise<void>;
  removeWaiting(record: Pick<WaitingRequest, "cluster" | "namespace" | "sequenceNumber">): Promise<void>;
}

/** What operations left to tidy up. */
export interface Leftovers {
  listLeftovers(): Promise<readonly Stored<Leftover>[]>;
  /** Writes over what is remembered of the same place. */
  rememberLeftover(record: Leftover): Promise<void>;
  /** Does nothing if it has been written again since it was read. */
  forgetLeftover(record: Stored<Leftover>): Promise<void>;
}

/** Signals this process's writes to the registry; writes of other processes are found by polling. */
export interface Changes {
  /** Resolves at the next write, or after that time. */
  wait(ms: number): Promise<void>;
}

/** A rate limit shared by all instances of the service. */
export interface Turns {
  /** Reserves that many consecutive turns; returns the milliseconds until the first. */
  reserve(kind: string, turns: { readonly count: number; readonly intervalMs: number }): Promise<number>;
}
