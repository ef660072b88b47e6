/**
 * What is started by its name (domain/operation/launch.ts, domain/operation/batchLaunch.ts), so that the code that starts it need
 * not import it. Loading this file registers all of it. A name that is missing here does not compile, nor an orchestration that
 * does not accept the input that is made for it.
 */
import type { BatchLaunch } from "../domain/operation/batchLaunch.ts";
import type { Launch } from "../domain/operation/launch.ts";
import type { Orchestration } from "../durable/orchestration.ts";
import { namespaceBatch, onboardBatch } from "./batch.ts";
import { changeNamespace } from "./changeNamespace.ts";
import { compensateOperation } from "./compensateOperation.ts";
import { migrateBack, migrateNamespace } from "./migration.ts";
import { offboardNamespace } from "./offboardNamespace.ts";
import { onboardNamespace } from "./onboardNamespace.ts";
import { repairNamespace } from "./repairNamespace.ts";

type Started = Launch | BatchLaunch;
type Name = Started["orchestration"];
type InputFor<N extends Name> = Extract<Started, { readonly orchestration: N }>["input"];

/** Accepts an orchestration with this name and this input. */
interface Accepts<N extends Name> {
  readonly name: N;
  readonly accept: (input: InputFor<N>) => void;
}

function accepts<I, N extends string>({ orchestrationName: name }: Orchestration<I, N>) {
  return { name, accept: (_input: I) => undefined };
}

export const launchable: { readonly [N in Name]: Accepts<N> } = {
  onboardNamespace: accepts(onboardNamespace),
  changeNamespace: accepts(changeNamespace),
  offboardNamespace: accepts(offboardNamespace),
  compensateOperation: accepts(compensateOperation),
  repairNamespace: accepts(repairNamespace),
  migrateNamespace: accepts(migrateNamespace),
  migrateBack: accepts(migrateBack),
  onboardBatch: accepts(onboardBatch),
  namespaceBatch: accepts(namespaceBatch),
};
