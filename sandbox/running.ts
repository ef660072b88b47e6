/** What listens in a cloud, and the folder of its clusters' tokens: closed together. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Service {
  close(): Promise<void>;
}

export interface Running {
  keep<S extends Service>(starting: Promise<S> | S): Promise<S>;
  /** Closed before everything else: pods are clients of it. */
  keepKubelet<S extends Service>(starting: Promise<S> | S): Promise<S>;
  tokensFolder(): Promise<string>;
  close(): Promise<void>;
}

export function createRunning(): Running {
  const services: Service[] = [];
  const kubelets: Service[] = [];
  const closeAll = (all: readonly Service[]) => Promise.all(all.map((service) => service.close()));
  const keepIn = async <S extends Service>(all: Service[], starting: Promise<S> | S): Promise<S> => {
    const service = await starting;
    all.push(service);
    return service;
  };
  let folder: Promise<string> | undefined;
  return {
    keep: (starting) => keepIn(services, starting),
    keepKubelet: (starting) => keepIn(kubelets, starting),
    tokensFolder() {
      folder ??= mkdtemp(join(tmpdir(), "mooring-tokens-"));
      return folder;
    },
    async close() {
      await closeAll(kubelets);
      await closeAll(services);
      if (folder) await rm(await folder, { recursive: true, force: true });
    },
  };
}
