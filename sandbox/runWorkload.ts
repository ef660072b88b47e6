/** Runs samples/message-app once in a namespace of a running sandbox, as `kubectl apply` and `kubectl logs` would. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ApiException } from "@kubernetes/client-node";
import { z } from "zod";
import { messageOf } from "../src/domain/messageOf.ts";
import { createTeamCluster, readManifest, type TeamCluster } from "./demo/cluster.ts";
import { withBinding } from "./demo/pods.ts";

const usage = "usage: node tools/run.mjs sandbox/runWorkload.ts --kubeconfig <file> <namespace>\n";
const samples = join(dirname(import.meta.dirname), "samples/message-app");

const Status = z.object({ message: z.string() });

const { kubeconfig, namespace } = readArguments();
try {
  const cluster = createTeamCluster(await readFile(kubeconfig, "utf8"));
  const pod = await podFor(cluster);
  const { exitCode, log } = await cluster.run({ ...pod, metadata: { ...pod.metadata, namespace } });
  process.stdout.write(log);
  process.exitCode = exitCode;
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
}

/** The manifest for the identity mode with which the namespace is onboarded. */
async function podFor(cluster: TeamCluster) {
  const bindings = await cluster.list("aadpodidentity.k8s.io/v1", "AzureIdentityBinding");
  const binding = bindings.find(({ metadata }) => metadata.namespace === namespace);
  if (!binding) return readManifest(join(samples, "pod.workload-identity.yaml"));
  const { selector } = z.object({ selector: z.string() }).parse(binding["spec"]);
  return withBinding(await readManifest(join(samples, "pod.pod-identity.yaml")), selector);
}

/** The API server's own message, with advice on its most frequent cause. */
function describe(error: unknown): string {
  if (error instanceof ApiException) {
    const body: unknown = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
    const { message } = Status.safeParse(body).data ?? error;
    return `The cluster refused the pod: ${message}. Is ${namespace} onboarded?`;
  }
  return messageOf(error);
}

function readArguments(): { kubeconfig: string; namespace: string } {
  try {
    const { values, positionals } = parseArgs({
      options: { kubeconfig: { type: "string" } },
      allowPositionals: true,
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) throw new Error("Name one namespace.");
    if (values.kubeconfig === undefined) throw new Error("--kubeconfig is missing; `npm start` prints the path.");
    return { kubeconfig: values.kubeconfig, namespace: name };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${usage}`);
    process.exit(64);
  }
}
