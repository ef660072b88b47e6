/** The status of an operation or a step, in its colour. */
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import type { Style } from "./view.ts";

const styles: Readonly<Record<OperationStatus, Style>> = {
  NotStarted: "dim",
  Running: "cyan",
  Succeeded: "green",
  Failed: "red",
  Canceled: "yellow",
};

export function styleOf({ status }: { readonly status: OperationStatus }): Style {
  return styles[status];
}
