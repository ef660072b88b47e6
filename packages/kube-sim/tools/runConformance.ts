/** Runs specs of Kubernetes' own conformance tests against an API server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

export interface SpecResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** Of a failed one: its first words. */
  readonly why: string;
}

const Spec = z.object({
  LeafNodeType: z.string(),
  LeafNodeText: z.string(),
  ContainerHierarchyTexts: z.array(z.string()).nullish(),
  State: z.string(),
  RunTime: z.number(),
  Failure: z.object({ Message: z.string() }).optional(),
});
const Report = z.array(z.object({ SpecReports: z.array(Spec).nullish() }));

export async function runConformance({
  program,
  kubectl,
  kubeconfig,
  specs,
  timeoutSeconds = 3_000,
}: {
  readonly program: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** By their whole names, without `[Conformance]`. */
  readonly specs: readonly string[];
  readonly timeoutSeconds?: number;
}): Promise<readonly SpecResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-conformance-"));
  try {
    const config = join(folder, "kubeconfig");
    const report = join(folder, "report.json");
    await writeFile(config, kubeconfig, { mode: 0o600 });
    const options = [
      ...[`--kubeconfig=${config}`, "--provider=skeleton", "--allowed-not-ready-nodes=-1", `--kubectl-path=${kubectl}`],
      ...["--disable-log-dump", "--ginkgo.no-color", `--ginkgo.json-report=${report}`],
      ...[`--ginkgo.timeout=${timeoutSeconds}s`, `--ginkgo.focus=${specs.map(escapePattern).join("|")}`],
    ];
    // It writes into the home folder.
    const child = spawn(program, options, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
    let said = "";
    const hear = (text: Buffer) => {
      said = `${said}${String(text)}`.slice(-2_000);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    await once(child, "close");
    const text = await readFile(report, "utf8").catch(() => undefined);
    if (text === undefined) throw new Error(`Kubernetes' tests wrote no report. They said last:\n${said}`);
    return read(text);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function read(text: string): readonly SpecResult[] {
  const all = Report.parse(JSON.parse(text)).flatMap(({ SpecReports }) => SpecReports ?? []);
  const broken = all.find(({ LeafNodeType, State }) => LeafNodeType !== "It" && State === "failed");
  if (broken) throw new Error(`Kubernetes' tests did not start: ${broken.Failure?.Message ?? broken.LeafNodeType}`);
  return all
    .filter(({ LeafNodeType, State }) => LeafNodeType === "It" && State !== "skipped")
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" ").replace(/ \[Conformance\]$/, ""),
      passed: spec.State === "passed",
      seconds: spec.RunTime / 1e9,
      why: (spec.Failure?.Message ?? "").split("\n")[0]?.slice(0, 300) ?? "",
    }));
}

function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()[\]{}^$|]/g, "\\$&");
}
