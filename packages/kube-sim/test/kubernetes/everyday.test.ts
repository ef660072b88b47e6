/**
 * What a person does every day, by the newest kubectl and Helm: those that `npm run apiServer` builds. Each row is a command line.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sayNotRun } from "../../../../test/support/notRun.ts";
import { findPrograms, testPrograms } from "../../src/apiServer/programs.ts";
import { startScheduler } from "../../src/cluster/scheduler.ts";
import { type Kubelet, startKubelet } from "../../src/kubelet/index.ts";
import { startCluster, type TestCluster } from "./cluster.ts";

const run = promisify(execFile);
const kubectl = findPrograms()?.kubectl;

type Row = readonly [line: string, expected: string | RegExp];

/** In order: each sees what those before it have made. */
const rows: readonly Row[] = [
  ["create namespace day", "namespace/day created"],
  ["create configmap cm -n day --from-literal=a=1", "configmap/cm created"],
  ["create secret generic top -n day --from-literal=p=w", "secret/top created"],
  ["create deployment web -n day --image=sleeper --replicas=2", "deployment.apps/web created"],
  ["rollout status deployment/web -n day --timeout=60s", 'deployment "web" successfully rolled out'],
  ["create job once -n day --image=greeter", "job.batch/once created"],
  ["create cronjob nightly -n day --image=greeter --schedule=0_0_*_*_*", "cronjob.batch/nightly created"],
  ["create quota few -n day --hard=configmaps=9", "resourcequota/few created"],
  ["create role reader -n day --verb=get,list --resource=configmaps", "role.rbac.authorization.k8s.io/reader created"],
  ["create serviceaccount sa -n day", "serviceaccount/sa created"],
  [
    "create rolebinding reads -n day --role=reader --serviceaccount=day:sa",
    "rolebinding.rbac.authorization.k8s.io/reads created",
  ],
  ["create token sa -n day", /^ey/],
  ["create service clusterip web -n day --tcp=80:8080", "service/web created"],
  ["run alone -n day --image=sleeper --restart=Never", "pod/alone created"],
  ["wait --for=condition=Ready pod/alone -n day --timeout=60s", "pod/alone condition met"],
  ["get all -n day", /pod\/alone +1\/1 +Running[\s\S]*deployment.apps\/web +2\/2[\s\S]*job.batch\/once/],
  ["get pods -n day -o wide --chunk-size=1", /NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/],
  ["get cm -A --chunk-size=2 -o name", /configmap\/cm/],
  ["describe deployment web -n day", /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/],
  ["describe pod alone -n day", /Image: +sleeper/],
  ["describe quota few -n day", /configmaps +2 +9/],
  ["describe node", /Name: +sandbox/],
  ["label cm cm -n day team=red", "configmap/cm labeled"],
  ["annotate cm cm -n day note=x", "configmap/cm annotated"],
  ["get cm -n day -l team=red -o name", "configmap/cm"],
  ["apply -f cm.yaml -n day", "configmap/applied created"],
  ["apply -f cm.yaml -n day", "configmap/applied unchanged"],
  ["diff -f cm.yaml -n day", ""],
  // What it has applied on the client, kubectl takes over on the server.
  ["apply --server-side -f changed.yaml -n day", "configmap/applied serverside-applied"],
  ["apply --server-side -f other.yaml -n day", "configmap/served serverside-applied"],
  ["replace -f cm.yaml -n day", "configmap/applied replaced"],
  ["patch cm cm -n day -p {'data':{'b':'2'}}", "configmap/cm patched"],
  ["patch cm cm -n day --type=merge -p {'data':{'c':'3'}}", "configmap/cm patched"],
  ["patch cm cm -n day --type=json -p [{'op':'add','path':'/data/d','value':'4'}]", "configmap/cm patched"],
  ["get cm cm -n day -o jsonpath={.data}", '{"a":"1","b":"2","c":"3","d":"4"}'],
  ["edit cm cm -n day", "configmap/cm edited"],
  ["get cm cm -n day -o jsonpath={.data.a}", "edited"],
  ["scale deployment web -n day --replicas=1", "deployment.apps/web scaled"],
  ["set image deployment/web -n day sleeper=sleeper:2", "deployment.apps/web image updated"],
  ["annotate deployment web -n day kubernetes.io/change-cause=second", "deployment.apps/web annotated"],
  ["rollout status deployment/web -n day --timeout=60s", 'deployment "web" successfully rolled out'],
  ["rollout history deployment/web -n day", /REVISION[\s\S]*\n2 +second/],
  ["rollout undo deployment/web -n day", "deployment.apps/web rolled back"],
  ["rollout status deployment/web -n day --timeout=60s", 'deployment "web" successfully rolled out'],
  ["rollout history deployment/web -n day", /\n2 +second[\s\S]*\n3 /],
  ["get deployment web -n day -o jsonpath={.spec.template.spec.containers[0].image}", "sleeper"],
  ["wait --for=condition=Progressing deployment/web -n day --timeout=20s", "deployment.apps/web condition met"],
  ["create pdb few -n day --selector=app=web --min-available=1", "poddisruptionbudget.policy/few created"],
  ["get pdb few -n day", /MIN AVAILABLE[\s\S]*few +1 +N\/A +0/],
  ["auth whoami", /Username +system:admin/],
  ["auth can-i create pods -n day", "yes"],
  ["auth can-i list configmaps -n day --as=system:serviceaccount:day:sa", "yes"],
  ["auth can-i --list -n day --as=system:serviceaccount:day:sa", /configmaps +\[\] +\[\] +\[get list\]/],
  ["get cm -n day --as=system:serviceaccount:day:sa -o name", /configmap\/cm/],
  ["explain pod.spec.containers.image", /FIELD: image <string>/],
  ["explain deployment.spec.strategy --recursive", /rollingUpdate/],
  ["api-resources --namespaced=false", /clusterroles +rbac.authorization.k8s.io\/v1 +false +ClusterRole/],
  ["api-versions", /rbac.authorization.k8s.io\/v1/],
  ["cluster-info", /Kubernetes control plane/],
  ["version", /Server Version: v1\./],
  ["logs alone -n day", "up"],
  ["wait --for=condition=Complete job/once -n day --timeout=60s", "job.batch/once condition met"],
  ["logs -f job/once -n day", "hello"],
  ["create cm dry -n day --dry-run=server", "configmap/dry created (server dry run)"],
  ["get roles,rolebindings -n day -o name", /role.rbac.authorization.k8s.io\/reader/],
  ["events -n day", /^$|LAST SEEN/],
  ["delete job once -n day --cascade=foreground", 'job.batch "once" deleted from day namespace'],
  ["delete deployment web -n day --cascade=orphan", 'deployment.apps "web" deleted from day namespace'],
  ["get rs -n day -o name", /replicaset.apps\/web-/],
  ["delete rs --all -n day --cascade=background", /replicaset.apps "web-\w+" deleted/],
  ["delete namespace day --timeout=60s", 'namespace "day" deleted'],
];

/** With what it says. */
const refused: readonly Row[] = [
  ["get cm missing -n default", 'Error from server (NotFound): configmaps "missing" not found'],
  ["top pods", "error: Metrics API not available"],
  ["get secrets --as=nobody", 'User "nobody" cannot list resource "secrets"'],
  ["create -f misspelt.yaml", 'unknown field "dato"'],
];

/** Of the chart that Helm itself proposes; its image is one of this cluster. */
const helmRows: readonly Row[] = [
  ["create shop", "Creating shop"],
  ["lint shop", "1 chart(s) linted, 0 chart(s) failed"],
  [
    "install store shop -n charts --create-namespace --set image.repository=sleeper --set image.tag=2",
    /STATUS: deployed/,
  ],
  ["list -n charts", /store\s+charts\s+1\s+.*deployed/],
  ["status store -n charts", /STATUS: deployed/],
  ["get manifest store -n charts", /kind: Deployment/],
  ["upgrade store shop -n charts --reuse-values --set replicaCount=2 --wait --timeout=60s", /REVISION: 2/],
  ["upgrade --install store shop -n charts --reuse-values --set replicaCount=3 --dry-run=server", /REVISION: 3/],
  ["history store -n charts", /2\s+.*deployed/],
  ["rollback store 1 -n charts", "Rollback was a success! Happy Helming!"],
  ["list -n charts -o json", /"revision":"3"/],
  ["uninstall store -n charts --wait=false", 'release "store" uninstalled'],
  ["list -n charts -q", ""],
];

const helm = testPrograms.helm.path();
const hasHelm = existsSync(helm);
if (!hasHelm) sayNotRun(`Helm's everyday commands: it is not built here (${testPrograms.helm.build})`);

if (kubectl === undefined) sayNotRun("kubectl's everyday commands: it is not built here (npm run apiServer)");

describe.runIf(kubectl !== undefined)("kubectl every day", () => {
  let cluster: TestCluster;
  let kubelet: Kubelet;
  let scheduler: { close(): Promise<void> } | undefined;
  let home = "";

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "mooring-everyday-"));
    const log: { read?: Kubelet["log"] } = {};
    cluster = await startCluster({ simulator: { podLog: (pod) => log.read?.(pod) } });
    const { url, adminToken, nodeName } = cluster.simulator;
    const ca = cluster.tls.certificate;
    const script = (source: string) => ({ command: process.execPath, args: ["-e", source] });
    const sleeper = script("console.log('up'); setInterval(() => {}, 1000)");
    const images = { sleeper, "sleeper:2": sleeper, greeter: script("console.log('hello')") };
    kubelet = startKubelet({ cluster: "aks-dev", url, ca, adminToken, images, graceMs: 200 });
    log.read = kubelet.log;
    if (nodeName !== undefined) scheduler = startScheduler({ url, adminToken, nodeName }, ca);
    const write = (name: string, text: string) => writeFileSync(join(home, name), text);
    write("config", cluster.simulator.kubeconfig());
    write("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {k: v}\n");
    write("changed.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {k: w}\n");
    write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: served}\ndata: {k: v}\n");
    write("misspelt.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: default}\ndato: {k: v}\n");
    write("edit.sh", '#!/bin/sh\nsed -i \'s/a: "1"/a: edited/\' "$1"\n');
  });
  afterAll(async () => {
    await scheduler?.close();
    await kubelet.close();
    await cluster.simulator.close();
    rmSync(home, { recursive: true });
  });

  async function sayToHelm(line: string): Promise<string> {
    const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: join(home, "config") };
    return (await run(helm, line.split(" "), { env, cwd: home })).stdout;
  }

  /** Single quotes stand for double ones, and `_` for a space in a schedule. */
  async function say(line: string): Promise<{ stdout: string; stderr: string }> {
    const words = line
      .split(" ")
      .map((word) => (word.startsWith("--schedule=") ? word.replaceAll("_", " ") : word.replaceAll("'", '"')));
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      KUBECONFIG: join(home, "config"),
      EDITOR: `sh ${home}/edit.sh`,
    };
    return run(kubectl ?? "", words, { env, cwd: home, maxBuffer: 1 << 24 });
  }

  test.each(rows)("%s", { timeout: 90_000 }, async (line, expected) => {
    const { stdout } = await say(line);
    if (typeof expected === "string") expect(stdout.trimEnd().split("\n").at(-1)).toBe(expected);
    else expect(stdout).toMatch(expected);
  });

  test.runIf(hasHelm).each(helmRows)("helm %s", { timeout: 90_000 }, async (line, expected) => {
    const said = await sayToHelm(line);
    if (typeof expected === "string") expect(said.trimEnd().split("\n").at(-1)).toBe(expected);
    else expect(said).toMatch(expected);
  });

  test.each(refused)("refuses: %s", async (line, expected) => {
    const failed: unknown = await say(line).catch((error: unknown) => error);
    expect(String((failed as { stderr?: string }).stderr)).toContain(expected);
  });
});
