/**
 * What each operation may ask of the cloud: the table in docs/cost.md. The operations run one after another and without timers, so every
 * call that arrives is of the one that runs.
 */
import { readFileSync } from "node:fs";
import type { Call, Wire } from "azure-sim/faults";
import { hasPostgres } from "azure-sim/testing/postgres";
import { describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityOf } from "../proof/support/remains.ts";
import { actsOn, pathOf } from "../support/namespaceActs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

/** The columns of the table, and the last one: what is not in the sum. */
const columns = [
  "Entra",
  "ARM",
  "Kubernetes",
  "SQL",
  "PostgreSQL",
  "data",
  "Service Bus",
  "together",
  "tables",
] as const;
type Column = (typeof columns)[number];
type Counts = Readonly<Record<Column, number>>;

const columnOf: Partial<Readonly<Record<Wire, Column>>> = {
  entra: "Entra",
  arm: "ARM",
  kubernetes: "Kubernetes",
  sql: "SQL",
  postgres: "PostgreSQL",
  serviceBus: "Service Bus",
  tables: "tables",
};

function budgets(): ReadonlyMap<string, Counts> {
  const rows = readFileSync("docs/cost.md", "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === columns.length + 3);
  const [head = [], , ...table] = rows;
  expect(head.slice(2, -1)).toEqual(columns);
  return new Map(
    table.map(([, name = "", ...cells]) => {
      const counts = columns.map((column, index) => [column, Number(cells[index])] as const);
      return [name, Object.fromEntries(counts) as Counts];
    }),
  );
}

function count(calls: readonly Call[]): Counts {
  const counts = Object.fromEntries(columns.map((column) => [column, 0])) as Record<Column, number>;
  for (const { wire } of calls) {
    const column = columnOf[wire] ?? "data";
    counts[column] += 1;
    if (column !== "tables") counts.together += 1;
  }
  return counts;
}

/** Which calls they were, the most frequent first. */
function listed(calls: readonly Call[]): string {
  const lines = Map.groupBy(calls, ({ wire, operation, target }) => `${wire} ${operation} @ ${target}`);
  return [...lines]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([line, { length }]) => `${length} ${line}`)
    .join("\n");
}

const timers = ["watchDrift", "watchExpiry", "startAccepted", "purgeHistories", "forgetIdempotencyKeys"];
const settings = {
  ...Object.fromEntries(timers.map((timer) => [`AzureWebJobs.${timer}.Disabled`, "true"])),
  // As in Azure.
  MOORING_INDEX_SECONDS: "300",
};

async function startQuiet(more: { postgres?: boolean } = {}): Promise<SuiteSandbox> {
  return await startSandbox({ because: "it counts every call", settings, tableFaults: true, ...more });
}

/** Nothing that an operation began is under way any more. */
const quietMs = 600;

function meterOf(sandbox: SuiteSandbox) {
  const { journal, arrivals } = sandbox.cloud.faults;
  return async (act: () => Promise<unknown>): Promise<readonly Call[]> => {
    const from = journal.length;
    await act();
    await expect.poll(() => performance.now() - (arrivals.at(-1) ?? 0), { interval: 50 }).toBeGreaterThan(quietMs);
    return journal.slice(from).filter(({ wire }) => wire !== "durable");
  };
}

/** Not over HTTP, whose answers cost calls to tables: by what the topic hears. */
async function ended(sandbox: SuiteSandbox, id: string): Promise<void> {
  const heard = () =>
    sandbox.cloud.serviceBus
      .subscription(names.topic, "all")
      .messages()
      .map(({ body }) => (body as { data: { operation?: string; phase?: string } }).data)
      .some(({ operation, phase }) => operation === id && phase === "done");
  await expect.poll(heard, { interval: 20, timeout: 30_000 }).toBe(true);
}

async function measure(
  sandbox: SuiteSandbox,
  wanted: object,
  title: string,
): Promise<ReadonlyMap<string, readonly Call[]>> {
  const service: Service = serviceOf(sandbox);
  const acts = actsOn(() => service);
  const meter = meterOf(sandbox);
  const ids: string[] = [];
  const run = async (id: string) => {
    ids.push(id);
    await ended(sandbox, id);
  };
  const onboard = async (namespace: string) =>
    await run(await service.onboard({ cluster: names.cluster, namespace, ...wanted }));
  const repair = async (namespace: string) =>
    await run(String((await service.call("POST", `${pathOf(namespace)}/repair`)).body["id"]));

  await meter(async () => {});
  const calls = new Map<string, readonly Call[]>();
  const row = async (name: string, act: () => Promise<unknown>) =>
    void calls.set(`${name}, ${title}`, await meter(act));
  await row("first onboarding", () => onboard("cold"));
  await row("onboarding", () => onboard("warm"));
  await row("dry run", () => acts.plan({ cluster: names.cluster, namespace: "planned", ...wanted }));
  // The first one logs in elsewhere.
  await meter(() => acts.verify("warm"));
  await row("verification", () => acts.verify("warm"));
  await row("fresh verification", () => service.call("POST", `${pathOf("warm")}/verify?fresh=true`));
  identityOf(sandbox.cloud, "warm")?.federatedCredentials.clear();
  await row("repair", () => repair("warm"));
  await row("offboarding", async () => await run(await service.offboard(names.cluster, "warm")));

  // A retry would be counted with the rest.
  for (const id of ids) expectFirstTries(await service.operation(id));
  return calls;
}

function expectFirstTries({ status, error, steps }: Operation): void {
  expect(status, JSON.stringify(error)).toBe("Succeeded");
  // A namespace that is being deleted is looked at until it is gone.
  expect(steps.filter(({ name, attempts }) => name !== "removeNamespace" && attempts > 1)).toEqual([]);
}

/** An offboarding asks of each kind that the cluster has whether the namespace has one: the first such list of each is not counted. */
function withoutListOfEachKind(calls: readonly Call[]): readonly Call[] {
  const seen = new Set<string>();
  return calls.filter(({ wire, operation, target }) => {
    const isList = wire === "kubernetes" && operation.startsWith("GET ") && target === `${names.cluster}/warm`;
    if (!isList || operation === "GET namespaces" || seen.has(operation)) return true;
    seen.add(operation);
    return false;
  });
}

function problemsIn(measured: ReadonlyMap<string, readonly Call[]>): readonly string[] {
  const allowed = budgets();
  return [...measured].flatMap(([name, all]) => {
    const calls = name.startsWith("offboarding") ? withoutListOfEachKind(all) : all;
    const [budget, counts] = [allowed.get(name), count(calls)];
    if (budget && columns.every((column) => counts[column] <= budget[column])) return [];
    return [`| ${[name, ...columns.map((column) => counts[column])].join(" | ")} |\n${listed(calls)}`];
  });
}

describe("calls to the cloud", () => {
  it("are within the budgets of docs/cost.md, with one database", async () => {
    const sandbox = await startQuiet();
    try {
      const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
      const measured = await measure(sandbox, { databases }, "one database");

      expect(problemsIn(measured).join("\n\n")).toBe("");
    } finally {
      await sandbox.close();
    }
  });

  it.runIf(hasPostgres("the budget of calls to PostgreSQL"))("and with three targets of different kinds", async () => {
    const sandbox = await startQuiet({ postgres: true });
    try {
      const wanted = {
        databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
        targets: [
          { target: "uploads", access: ["read"] },
          { target: "ledger", access: ["read"] },
        ],
      };
      const measured = await measure(sandbox, wanted, "three targets");

      expect(problemsIn(measured).join("\n\n")).toBe("");
    } finally {
      await sandbox.close();
    }
  });
});
