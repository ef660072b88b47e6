/** The cluster alone: as a command, and from a test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { delimiter, dirname } from "node:path";
import { createInterface } from "node:readline";
import * as k8s from "@kubernetes/client-node";
import { expect, it, onTestFinished } from "vitest";
import { startKube } from "../index.ts";

async function logOf(config: k8s.KubeConfig): Promise<string> {
  const core = config.makeApiClient(k8s.CoreV1Api);
  const metadata = { name: "hello", namespace: "default" };
  const spec = { restartPolicy: "Never", containers: [{ name: "hello", image: "hello" }] };
  await core
    .createNamespacedServiceAccount({ namespace: "default", body: { metadata: { name: "default" } } })
    .catch(() => undefined);
  await core.createNamespacedPod({ namespace: "default", body: { metadata, spec } });
  const phase = async () => (await core.readNamespacedPod(metadata)).status?.phase;
  await expect.poll(phase).toBe("Succeeded");
  return await core.readNamespacedPodLog(metadata);
}

it("runs a pod that a client creates", async () => {
  const images = { hello: { command: process.execPath, args: ["-p", "'hello'"] } };
  const kube = await startKube({ images });
  onTestFinished(() => kube.close());
  const config = new k8s.KubeConfig();
  config.loadFromString(kube.kubeconfig);

  expect(await logOf(config)).toBe("hello\n");
});

it("starts by its command, and tells where its kubeconfig is", async () => {
  // By its name, because the checkout's path may have a space.
  const args = [`${import.meta.dirname}/../main.ts`, "--image", "hello=node -p 1+1"];
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
  onTestFinished(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const { value } = await lines.next();
  const config = new k8s.KubeConfig();
  config.loadFromString(await readFile(String(value).replace("export KUBECONFIG=", ""), "utf8"));

  expect(await logOf(config)).toBe("2\n");
});
