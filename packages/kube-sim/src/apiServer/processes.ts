/** The programs of one API server: as often as they are killed, they start again with the same flags. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubernetesApi } from "../cluster/api.ts";
import type { createClusterObjects } from "../cluster/objects.ts";
import type { Flags } from "./flags.ts";
import { type RunningProgram, startProgram } from "./program.ts";
import { type ProgramName, requirePrograms } from "./programs.ts";

/** Two busy cores need some 10 s. */
const patienceMs = 90_000;

export class Processes {
  readonly #programs = requirePrograms();
  readonly #flags = new Map<ProgramName, Flags>();
  readonly #running = new Map<ProgramName, RunningProgram>();

  /** With its flags the first time. */
  start(name: ProgramName, flags = this.#flags.get(name) ?? {}): void {
    this.#flags.set(name, flags);
    this.#running.set(name, startProgram(this.#programs[name], flags));
  }

  async kill(name: ProgramName): Promise<void> {
    await this.#running.get(name)?.kill();
    this.#running.delete(name);
  }

  async close(): Promise<void> {
    for (const name of [...this.#running.keys()].toReversed()) await this.kill(name);
  }

  async untilReady(api: KubernetesApi): Promise<void> {
    await this.#until("it is not ready", async () => (await api.getText("/readyz")) === "ok");
  }

  /** The controllers work: what they make in every namespace is in the first one. */
  async untilSettled(objects: ReturnType<typeof createClusterObjects>): Promise<void> {
    await this.#until("its controllers do not work", async () => {
      const account = await objects.get("v1", "ServiceAccount", "default", "default");
      const authority = await objects.get("v1", "ConfigMap", "kube-root-ca.crt", "default");
      return account !== undefined && authority !== undefined;
    });
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    const running = [...this.#running.values()];
    let last = "";
    for (;;) {
      const isDone = await isSo().catch((error: unknown) => {
        last = String(error);
        return false;
      });
      if (isDone) return;
      const ended = running.find((program) => program.hasEnded);
      if (ended !== undefined || performance.now() > deadline) {
        const said = running.map((program) => program.tail()).filter((text) => text !== "");
        throw new Error(
          `The real API server does not start: ${ended ? "a program has ended" : what}. ${last}\n${said.join("\n")}`,
        );
      }
      await sleep(50);
    }
  }
}

/** Whatever it answers. */
export async function untilAnswers(api: KubernetesApi): Promise<void> {
  const isUp = () =>
    api.getText("/livez").then(
      () => true,
      (error: unknown) => error instanceof ApiError,
    );
  while (!(await isUp())) await sleep(50);
}
