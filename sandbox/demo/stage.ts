/** What the walk-through works with: the clients of a team and an operator, and reports of what they do. */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { OperationDocument } from "../../src/domain/documents/operation.ts";
import type { Sandbox } from "../sandbox.ts";
import { type ClusterObject, createTeamCluster, type Run, readManifest, type TeamCluster } from "./cluster.ts";
import { type DemoEvent, UnexpectedResult } from "./events.ts";
import { createService, type Service } from "./service.ts";

const root = dirname(dirname(import.meta.dirname));

export interface Stage {
  readonly sandbox: Sandbox;
  readonly cluster: TeamCluster;
  readonly service: Service;
  tell(event: DemoEvent): void;
  chapter(number: number, title: string, text: string): void;
  /** Reports that it holds, or stops the walk-through. */
  check(what: string, isSo: boolean, found: string): void;
  /** Reports each change until the operation has ended, and stops the walk-through unless it ends as expected. */
  follow(id: string, expected: OperationDocument["status"]): Promise<OperationDocument>;
  /** Runs the pod of a manifest in a namespace, and stops the walk-through unless it ends as expected. */
  runWorkload(options: WorkloadOptions): Promise<Run>;
}

interface WorkloadOptions {
  /** By default, the one with a database. */
  readonly sample?: string;
  readonly manifest: string;
  readonly namespace: string;
  readonly name?: string;
  /** How the applied manifest differs from the file. */
  readonly note?: string;
  readonly change?: (pod: ClusterObject) => ClusterObject;
  /** The rows that the pod has to read; without them, it has to be refused. */
  readonly rows?: readonly string[];
}

/** 3 is "no token", 4 is "not let in"; samples/message-app/refusal.ts. */
const refusals = [3, 4];

export function createStage(
  sandbox: Sandbox,
  { tell, signal }: { tell: (event: DemoEvent) => void; signal: AbortSignal },
): Stage {
  const cluster = createTeamCluster(sandbox.cloud.kubernetes.kubeconfig(), { signal });
  const service = createService(sandbox.url, { signal });

  return {
    sandbox,
    cluster,
    service,
    tell,
    chapter: (number, title, text) => tell({ event: "chapter", number, title, text }),
    check(what, isSo, found) {
      if (!isSo) throw new UnexpectedResult(`${what}: ${found}`);
      tell({ event: "check", what, found });
    },
    async follow(id, expected) {
      const operation = await service.follow(id, (each) => tell({ event: "operation", operation: each }));
      if (operation.status !== expected) {
        const { code, message } = operation.error ?? { code: "", message: "" };
        throw new UnexpectedResult(
          `operation ${operation.id} ended ${operation.status}, not ${expected}. ${code} ${message}`.trim(),
        );
      }
      return operation;
    },
    async runWorkload({ sample = "message-app", manifest, namespace, name, note, change = (pod) => pod, rows }) {
      const file = join("samples", sample, manifest);
      const pod = change(await readManifest(join(root, file)));
      const named = { ...pod, metadata: { ...pod.metadata, namespace, ...(name === undefined ? {} : { name }) } };
      const command = `kubectl -n ${namespace} apply -f ${file}`;
      tell({ event: "command", command, ...(note === undefined ? {} : { note }) });
      const started = performance.now();
      const run = await cluster.run(named);
      const { exitCode, log } = run;
      const durationMs = Math.round(performance.now() - started);
      tell({ event: "workload", pod: `${namespace}/${named.metadata.name}`, exitCode, log, durationMs });
      const isExpected = rows ? exitCode === 0 && isDeepStrictEqual(rowsOf(log), rows) : refusals.includes(exitCode);
      if (isExpected) return run;
      const wanted = rows ? `read the rows ${rows.join(", ")}` : "be refused";
      throw new UnexpectedResult(
        `pod ${namespace}/${named.metadata.name} had to ${wanted}; exit code ${exitCode}, log: ${log}`,
      );
    },
  };
}

/** The texts, without the preceding numbers. */
function rowsOf(log: string): string[] {
  return log
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[1] ?? line);
}

export interface Example {
  /** As a path in the checkout. */
  readonly file: string;
  readonly request: { readonly cluster: string; readonly namespace: string; readonly [field: string]: unknown };
}

export async function readExample(name: string): Promise<Example> {
  const path = join(root, "examples", name);
  const request = z
    .looseObject({ cluster: z.string(), namespace: z.string() })
    .parse(JSON.parse(await readFile(path, "utf8")));
  return { file: relative(root, path), request };
}
