/**
 * A sandbox of a suite's own. When the suite is over, its secrets are searched for in everything that the service has stored,
 * logged, sent and answered. A secret that is found fails the suite, and so does a line of the service's log that does not
 * name its trace.
 */
import { type Sandbox, type SandboxOptions, startSandbox as start } from "../../sandbox/sandbox.ts";
import { type Place, readMessages, readStore, readTables, search, secretsOf } from "./canaries.ts";
import { openTables } from "./emptyTables.ts";

export interface SuiteSandbox extends Sandbox {
  /** For the host's own webhooks; nobody has to know it. */
  readonly systemKey: string;
  /** Fails when one of the run's secrets is in any of these places, or a line of the log names no trace. */
  readonly searchAll: () => Promise<void>;
  /** Takes the text of an answer of the service, to be searched for secrets. */
  readonly heard: (where: string, text: string) => void;
}

/** An invocation's log lines, by the category that the host gives them. */
const ofService = / Function\.\w+\.User /;
const namesTrace = / traceId="[0-9a-f]{32}"/;

export interface SuiteSandboxOptions extends SandboxOptions {
  /** Why the suite does not share its worker's (sharedSandbox.ts), which saves a start of four seconds of processor time. */
  readonly because: string;
  /** False where an earlier release runs that did not name the trace in every line. */
  readonly expectTraces?: boolean;
}

/** A suite's service lives for a minute and makes garbage throughout: with more room for it, it takes a twelfth less processor time. */
const nodeOptions = ["--max-semi-space-size=32"];

export async function startSandbox({
  onLog,
  settings = {},
  expectTraces = true,
  because: _,
  ...options
}: SuiteSandboxOptions): Promise<SuiteSandbox> {
  const systemKey = `canary-system-key-${crypto.randomUUID()}`;
  const found: string[] = [];
  /** Lines from before the sandbox can say what its secrets are. */
  const early: Place[] = [];
  const untraced: string[] = [];
  let look = (place: Place): void => void early.push(place);
  const sandbox = await start({
    existing: await openTables(),
    nodeOptions,
    ...options,
    settings: { ...settings, MOORING_SYSTEM_KEY: systemKey },
    onLog(line) {
      look({ where: "log", text: line });
      if (ofService.test(line) && !namesTrace.test(line)) untraced.push(line);
      onLog?.(line);
    },
  });
  const secrets = secretsOf(sandbox, systemKey);
  look = (place) => void found.push(...search([place], secrets));
  for (const place of early) look(place);

  const searchAll = async () => {
    const left = [...(await readStore(sandbox)), ...(await readTables(sandbox)), ...readMessages(sandbox)];
    const all = [...new Set([...found, ...search(left, secrets)])];
    if (all.length > 0) throw new Error(`secrets were found: ${all.join("; ")}`);
    if (expectTraces && untraced.length > 0) throw new Error(`log lines without a trace: ${untraced.join("\n")}`);
  };
  const close = async () => {
    try {
      await searchAll();
    } finally {
      await sandbox.close();
    }
  };
  // What changes with a restart is read from the sandbox itself.
  return Object.create(sandbox, {
    systemKey: { value: systemKey },
    heard: { value: (where: string, text: string) => look({ where, text }) },
    searchAll: { value: searchAll },
    close: { value: close },
  });
}
