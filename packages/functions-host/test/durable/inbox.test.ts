import { expect, it } from "vitest";
import { EventType, type HistoryEvent } from "../../src/durable/history.ts";
import { nextStep } from "../../src/durable/inbox.ts";
import { Ledger } from "../../src/durable/ledger.ts";
import type { InstanceRow, WaitingMessage } from "../../src/durable/records.ts";

const row: InstanceRow = {
  key: 1,
  id: "i",
  name: "o",
  version: null,
  execution: "e",
  status: "Suspended",
  customStatus: null,
  created: 0,
  updated: 0,
  parent: null,
  output: null,
  input: null,
};

const common = { EventId: -1, Timestamp: "2026-11-27T00:00:00.000Z", Reason: "" };
const message = (key: number, event: HistoryEvent): WaitingMessage => {
  return { key, instance: 1, execution: "e", due: null, event, stored: true, taken: false };
};
const suspend = (key: number) => message(key, { ...common, EventType: EventType.ExecutionSuspended });
const resume = (key: number) => message(key, { ...common, EventType: EventType.ExecutionResumed });

it("drops what would suspend a suspended orchestration again, so that one resume resumes it", () => {
  const step = nextStep({ row, ledger: new Ledger() }, [suspend(1), suspend(2), resume(3)]);

  expect(step.control?.key).toBe(3);
  expect(step.dropped.map(({ key }) => key)).toEqual([1, 2]);
});

it("keeps a suspension that comes after the resume", () => {
  const step = nextStep({ row, ledger: new Ledger() }, [resume(1), suspend(2)]);

  expect(step.control?.key).toBe(1);
  expect(step.dropped).toEqual([]);
});

it("drops a second suspension also before anybody resumes", () => {
  expect(nextStep({ row, ledger: new Ledger() }, [suspend(1)]).dropped.map(({ key }) => key)).toEqual([1]);
});
