/**
 * A one-shot Job in the namespace that signs in as the workload does: with its service account or selector and its ConfigMap,
 * and no secret. The operator chooses the image in the catalog; its exit code and its message say how far it got
 * (samples/verify-app).
 */

import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { withoutAddresses } from "../../domain/errors/addresses.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Finding, type FindingCode, finding } from "../../domain/finding.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { namesInside, verificationJobName } from "../../domain/naming/names.ts";
import { ownerMetadata } from "../../domain/naming/ownership.ts";
import { podParts } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { type ConnectionPart, holdsAddress } from "../../domain/targets/connection.ts";
import { mayRead } from "../../domain/targets/databaseRoles.ts";
import { connectionTo, placeOf } from "../../domain/targets/namedTarget.ts";
import { keyOf, sqlDatabase } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { verificationPod } from "../../resources/definitions/verificationPod.ts";
import { refOf } from "../../resources/kubernetesObject/ensureObjects.ts";
import { provableTargets } from "../../resources/target/provable.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { judgeTargets, readReport } from "./targetProof.ts";

type Access = Pick<Ports, "kubernetes">;

/** No findings when the login worked, when there is nothing to log in to, or when the catalog allows no Job on the cluster. */
export async function tryLogin(ports: Ports, request: OnboardingRequest, run: string): Promise<readonly Finding[]> {
  const { catalog, kubernetes } = ports;
  const cluster = findCluster(catalog, request.cluster);
  const provable = provableTargets(catalog, request);
  if (!cluster.verificationJob || request.databases.length + provable.length === 0) return [];
  const job = verificationJob(request, { ...cluster.verificationJob, run });
  const target = `Job ${job.metadata.name}`;
  const hidden = (text: string) => hideAddresses(text, hostsOf(catalog, cluster, request));
  const unproven = (found: string) =>
    finding("LOGIN_UNPROVEN", target, { field: "end", expected: "exit code 0", found: hidden(found) });
  let uid: string | undefined;
  try {
    uid = (await kubernetes.apply(cluster, job)).metadata.uid;
    const end = await waitForEnd({ kubernetes }, cluster, job, uid);
    if ("silence" in end) return [unproven(end.silence)];
    const report = readReport(hidden(end.message));
    const ofDatabase = readExitCode(target, { catalog, request }, { ...end, message: report.rest });
    // What kept the pod from trying anything is said once.
    if (ofDatabase.length > 0 && report.tried.size === 0) return ofDatabase;
    return [...ofDatabase, ...(await judgeTargets(ports, request, provable, report))];
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return [unproven(`${error.code}: ${error.message}`)];
  } finally {
    // If this fails, ttlSecondsAfterFinished removes the Job.
    if (uid !== undefined) await kubernetes.remove(cluster, refOf(job), { uid });
  }
}

/** What the pod and the cluster's events may name, and the team that reads the finding may not know. */
function hostsOf(
  { sqlServers, targets: listed }: Ports["catalog"],
  { apiServer }: ClusterTarget,
  { databases, targets = [], ...namespaceRef }: OnboardingRequest,
): readonly string[] {
  const servers = databases.flatMap(({ server }) => lookUp(sqlServers, server)?.host ?? []);
  const entries = targets.flatMap(({ target }) => lookUp(listed, target) ?? []);
  const others = entries.flatMap((entry) => connectionTo(placeOf(entry), namespaceRef).filter(holdsAddress));
  return [new URL(apiServer).hostname, ...servers, ...others.map(hostIn)];
}

function hostIn({ field, value }: ConnectionPart): string {
  return field === "endpoint" ? new URL(value).hostname : value;
}

/** The operator finds the text in full in the log; the Job itself is removed. */
function hideAddresses(text: string, hosts: readonly string[]): string {
  const shown = withoutAddresses(text, hosts);
  if (shown !== text) console.warn(logLine("a login that failed, in full", { shown, text }));
  return shown;
}

/** A token for a credential that is seconds old may be refused at first; the Job controller waits between tries. */
const triesAfterFirst = 2;
const keptSeconds = 600;

function verificationJob(
  request: OnboardingRequest,
  { image, timeoutSeconds, run }: { image: string; timeoutSeconds: number; run: string },
): KubernetesObject {
  const { labels, annotations } = ownerMetadata(request, run);
  const pod = podParts(request);
  const container = {
    name: "verify",
    image,
    envFrom: [{ configMapRef: { name: namesInside.configMap } }],
    terminationMessagePolicy: "FallbackToLogsOnError",
    resources: verificationPod.resources,
    // Required by the restricted Pod Security Standard.
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: verificationJobName(run), namespace: request.namespace, labels, annotations },
    spec: {
      backoffLimit: triesAfterFirst,
      activeDeadlineSeconds: timeoutSeconds,
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: { ...pod.metadata, labels: { ...labels, ...pod.metadata.labels } },
        spec: {
          restartPolicy: "Never",
          ...pod.spec,
          // It signs in to Entra with a token of its own audience, and has nothing to ask of the API server.
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
          containers: [container],
        },
      },
    },
  };
}

const JobStatus = z.object({
  metadata: z.object({ uid: z.string().optional() }),
  spec: z.object({ activeDeadlineSeconds: z.number() }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .prefault({}),
});

const PodStatus = z.object({
  metadata: z.object({ creationTimestamp: z.string().default("") }),
  status: z
    .object({
      containerStatuses: z
        .array(
          z.object({
            state: z
              .object({
                waiting: z.object({ reason: z.string().default(""), message: z.string().default("") }).optional(),
                terminated: z.object({ exitCode: z.int(), message: z.string().default("") }).optional(),
              })
              .prefault({}),
          }),
        )
        .default([]),
    })
    .prefault({}),
});
type PodStatus = z.infer<typeof PodStatus>;

type End = { readonly exitCode: number; readonly message: string } | { readonly silence: string };

const pollMs = 1_000;
/** A pod that waits for one of these does not start by itself. */
const hopeless = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"]);

async function waitForEnd(
  { kubernetes }: Access,
  cluster: ClusterTarget,
  job: KubernetesObject,
  uid: string | undefined,
): Promise<End> {
  const { activeDeadlineSeconds } = JobStatus.parse({ ...job, status: {} }).spec;
  const deadline = Date.now() + activeDeadlineSeconds * 1_000;
  let wasGone = false;
  for (;;) {
    const current = JobStatus.safeParse(await kubernetes.get(cluster, refOf(job))).data;
    const isGone = !current || current.metadata.uid !== uid;
    // One look may come from a replica that is behind.
    if (isGone && wasGone) return { silence: "the Job is gone: somebody deleted it" };
    wasGone = isGone;
    const pods = await listPods({ kubernetes }, cluster, job);
    const isOver = current?.status.conditions.some(
      ({ type, status }) => ["Complete", "Failed"].includes(type) && status === "True",
    );
    const state = pods.at(-1)?.status.containerStatuses[0]?.state ?? {};
    if (isOver && state.terminated) return state.terminated;
    const waitsInVain = hopeless.has(state.waiting?.reason ?? "");
    if (isOver || waitsInVain || Date.now() > deadline) {
      return { silence: await explainSilence({ kubernetes }, cluster, { job, waiting: state.waiting }) };
    }
    await sleep(pollMs);
  }
}

/** Oldest first. */
async function listPods(
  { kubernetes }: Access,
  cluster: ClusterTarget,
  { metadata: { name, namespace = "" } }: KubernetesObject,
): Promise<readonly PodStatus[]> {
  const labelSelector = `job-name=${name}`;
  const pods = await kubernetes.list(cluster, { apiVersion: "v1", kind: "Pod", namespace, labelSelector });
  return pods
    .map((pod) => PodStatus.parse(pod))
    .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
}

const EventText = z.object({
  involvedObject: z.object({ name: z.string().default("") }),
  reason: z.string().default(""),
  message: z.string().default(""),
});

async function explainSilence(
  { kubernetes }: Access,
  cluster: ClusterTarget,
  { job, waiting }: { job: KubernetesObject; waiting: { reason: string; message: string } | undefined },
): Promise<string> {
  if (waiting) return `the pod waits: ${waiting.reason}: ${waiting.message}`;
  const { name, namespace = "" } = job.metadata;
  const events = await kubernetes.list(cluster, { apiVersion: "v1", kind: "Event", namespace });
  const [event] = events
    .flatMap((each) => EventText.safeParse(each).data ?? [])
    .filter(({ involvedObject }) => involvedObject.name === name);
  return event ? `${event.reason}: ${event.message}` : "the Job did not end in time";
}

const meanings: Readonly<Record<number, FindingCode>> = {
  2: "LOGIN_MISCONFIGURED",
  3: "LOGIN_WITHOUT_TOKEN",
  4: "LOGIN_REFUSED",
  5: "LOGIN_MAY_NOT_READ",
  6: "LOGIN_UNREACHABLE",
};

/** Something is wrong with a target, and nothing with the database. */
const ofTargets = 7;

/** The exit codes that say something of the database rather than of the identity. */
const ofDatabase: ReadonlySet<number> = new Set([4, 5, 6]);

function readExitCode(
  target: string,
  { catalog, request }: { readonly catalog: Ports["catalog"]; readonly request: OnboardingRequest },
  { exitCode, message }: { exitCode: number; message: string },
): readonly Finding[] {
  if (exitCode === 0) return [];
  // An image that knows databases only says so of a ConfigMap without one; the targets' own findings follow.
  if (request.databases.length === 0 && exitCode === 2) return [];
  // The targets' own findings say the rest.
  if (exitCode === ofTargets) return [];
  // The Job tries the ConfigMap's first database. A request for EXECUTE alone allows the login but no reads.
  const [tried] = request.databases;
  if (exitCode === 5 && tried && !mayRead(tried.roles)) return [];
  // What the catalog has dropped may be gone or closed; its own finding names it.
  const isDropped = tried !== undefined && sqlDatabase.offered(catalog, keyOf(tried)) === undefined;
  if (isDropped && ofDatabase.has(exitCode)) return [];
  const found = `exit code ${exitCode}${message === "" ? "" : `: ${message.trim()}`}`;
  return [finding(meanings[exitCode] ?? "LOGIN_UNPROVEN", target, { field: "end", expected: "exit code 0", found })];
}
