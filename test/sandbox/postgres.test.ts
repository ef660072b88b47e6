/** PostgreSQL targets on the whole system: the contract of every family, used with a token, taken over, and hard to take away. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { mintAccessToken } from "azure-sim/entra";
import { audience } from "azure-sim/postgres";
import { hasPostgres } from "azure-sim/testing/postgres";
import type { Identity } from "azure-sim/world";
import { Client } from "pg";
import { hasProgram } from "test-support/programs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { drivers } from "../../clients/drivers.ts";
import { names } from "../../sandbox/cloud.ts";
import { createTeamCluster } from "../../sandbox/demo/cluster.ts";
import { identityName, postgresRoleName } from "../../src/domain/naming/names.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { type PostgresWord, rightsOf } from "../../src/domain/targets/postgres.ts";
import { actsOn, pathOf } from "../support/namespaceActs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { contractOf, type WireFamily } from "./support/familyContract.ts";

/** Below the checkout, so that the lines find its packages. */
const programs = join(process.cwd(), "node_modules/.cache/mooring-postgres-login");

type Targets = Record<string, TargetRequest["access"]>;

describe.runIf(hasPostgres("PostgreSQL targets on the whole system"))("PostgreSQL", () => {
  let sandbox: SuiteSandbox;
  let service: Service;
  const clients: Client[] = [];

  beforeAll(async () => {
    await mkdir(programs, { recursive: true });
    sandbox = await startSandbox({
      because: "its PostgreSQL server is a real one",
      postgres: true,
      approval: { access: [] },
      images: { login: { command: process.execPath, args: [join(programs, "login.mjs")] } },
    });
    service = serviceOf(sandbox);
    await sql(
      "ledger",
      "CREATE TABLE entries (id serial PRIMARY KEY, what text); ALTER TABLE entries OWNER TO azure_pg_admin",
    );
    await sql("ledger", "CREATE TABLE archive.old (what text); ALTER TABLE archive.old OWNER TO azure_pg_admin");
    await sql("reports", "CREATE TABLE monthly (what text); ALTER TABLE monthly OWNER TO azure_pg_admin");
  });
  afterEach(async () => {
    sandbox.cloud.faults.clear();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });
  afterAll(() => sandbox?.close());

  function server() {
    const found = sandbox.cloud.postgresServers.get("pg-dev");
    if (!found) throw new Error("the sandbox has no PostgreSQL server");
    return found;
  }

  const sql = (database: string, text: string) => server().runScript(database, text);

  const namespaceRefOf = (namespace: string) => ({ cluster: names.cluster, namespace });
  const roleOf = (namespace: string) => postgresRoleName(namespaceRefOf(namespace));

  function wanted(namespace: string, targets: Targets, more: object = {}) {
    const list = Object.entries(targets).map(([target, access]) => ({ target, access }));
    return { ...namespaceRefOf(namespace), targets: list, ...more };
  }

  function identityOf(namespace: string) {
    const name = identityName(namespaceRefOf(namespace));
    const found = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
    if (!found) throw new Error(`${name} is not there`);
    return found;
  }

  async function run(request: object, query = "") {
    const { body } = await service.call("POST", `/api/onboardings${query}`, request);
    return await service.waitFor(String(body["id"]));
  }

  const { verify, repair, offboard } = actsOn(() => service);

  async function onboard(namespace: string, targets: Targets, more: object = {}, query = "") {
    const operation = await run(wanted(namespace, targets, more), query);
    expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
    return operation;
  }

  /** As the application: its role's name, and its token for a password. */
  async function logIn(namespace: string, database = "ledger"): Promise<Client> {
    return await connect(roleOf(namespace), identityOf(namespace), database);
  }

  async function connect(user: string, principal: Parameters<typeof mintAccessToken>[1], database: string) {
    const client = new Client({
      ...{ host: "localhost", port: server().port, database, user },
      password: await mintAccessToken(sandbox.cloud.world, principal, audience),
      ssl: { ca: sandbox.cloud.tls.certificate },
    });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  async function roles(): Promise<readonly unknown[]> {
    const rows = await sql("postgres", "SELECT rolname::text AS name FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1");
    return rows.map(({ name }) => name);
  }

  it("gives what was planned on three schemas with one role, which the application uses, and leaves nothing", async () => {
    const namespace = "three-schemas";
    const before = await roles();
    const request = wanted(namespace, { ledger: ["write"], archive: ["read"], reports: ["own"] });
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", request);
    expect(plan.body, JSON.stringify(plan.body)).toMatchObject({ blocked: false });
    const grants = (steps: readonly { name: string; target: string; action?: string | undefined }[]) =>
      steps.flatMap(({ name, target, action }) => (name === "grantTarget" ? [`${action} ${target}`] : [])).toSorted();
    expect(grants(plan.body["steps"] as never)).toEqual(["create archive", "create ledger", "create reports"]);

    const operation = await run(request);

    expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
    expect(grants(operation.steps)).toEqual(grants(plan.body["steps"] as never));
    expect(await verify(namespace)).toEqual([]);
    const ledger = await logIn(namespace);
    await ledger.query("INSERT INTO entries (what) VALUES ('x')");
    await ledger.query("SELECT * FROM archive.old");
    await expect(ledger.query("INSERT INTO archive.old VALUES ('x')")).rejects.toMatchObject({ code: "42501" });
    const reports = await logIn(namespace, "reports");
    await reports.query("CREATE TABLE mine (what text); INSERT INTO mine VALUES ('kept')");
    await sql("ledger", "SET ROLE azure_pg_admin; CREATE TABLE later (what text)");
    await ledger.query("INSERT INTO later VALUES ('x')");

    await offboard(namespace);

    expect(await roles()).toEqual(before);
    expect(await sql("reports", "SELECT what FROM mine")).toEqual([{ what: "kept" }]);
    expect(await sql("ledger", "SELECT count(*)::int AS n FROM pg_default_acl")).toEqual([{ n: 0 }]);
    await sql("reports", "DROP TABLE mine");
  });

  it("lets a pod in with the lines of docs/drivers.md", async () => {
    const namespace = "in-a-pod";
    await onboard(namespace, { ledger: ["write"] });
    const use = `await pool.query("INSERT INTO entries (what) VALUES ('from a pod')");
console.log((await pool.query("SELECT session_user AS me")).rows[0].me);
await pool.end();\n`;
    await writeFile(join(programs, "login.mjs"), `${drivers.postgresql.logins.node.lines}\n${use}`);
    const { kubernetes } = sandbox.cloud;

    const { exitCode, log } = await createTeamCluster(kubernetes.kubeconfig()).run({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "login", namespace, labels: { "azure.workload.identity/use": "true" } },
      spec: {
        serviceAccountName: "app",
        restartPolicy: "Never",
        containers: [
          {
            ...{ name: "login", image: "login", terminationMessagePolicy: "FallbackToLogsOnError" },
            envFrom: [{ configMapRef: { name: "mooring-databases" } }],
          },
        ],
      },
    });

    expect({ exitCode, log }).toEqual({ exitCode: 0, log: `${roleOf(namespace)}\n` });
    expect(await sql("ledger", "DELETE FROM entries WHERE what = 'from a pod' RETURNING what")).toHaveLength(1);
    await offboard(namespace);
  });

  const linesForPsql = (script: string) =>
    script
      .split("\n")
      .filter((line) => !/^(?:az|set|#)/.test(line))
      .join("\n");

  /** A shell that only tells what psql would be given, by whose connections it is then sent. */
  async function sendAsPsql(lines: string): Promise<string> {
    const script = `psql() { for word; do printf '%s\\0' "$word"; done; }\n${lines}`;
    const { stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    const words = stdout.split("\0");
    const calls = words.flatMap((word, at) =>
      word === "--command" ? [{ connection: words[at - 1] ?? "", statements: words[at + 1] ?? "" }] : [],
    );
    const { databaseAdministrator } = sandbox.cloud.principals;
    const warnings: string[] = [];
    for (const { connection, statements } of calls) {
      const database = /dbname=(\S+)/.exec(connection)?.[1] ?? "";
      const admin = await connect(databaseAdministrator.displayName, databaseAdministrator, database);
      admin.on("notice", ({ message = "" }) => warnings.push(message));
      await admin.query(statements);
    }
    return warnings.join("\n");
  }

  /** As the person whom the catalog's login lets in. */
  async function runPsql(lines: string): Promise<string> {
    const password = await mintAccessToken(sandbox.cloud.world, sandbox.cloud.principals.mooring, audience);
    const env = { PATH: process.env["PATH"], PGPASSWORD: password, PGSSLROOTCERT: sandbox.authorityFile };
    return (await promisify(execFile)("sh", ["-euc", lines], { env })).stderr;
  }

  const hasPsql = hasProgram("psql", {
    what: "psql did not run an export",
    probe: ["--version"],
    from: "postgresql-client",
  });
  it("exports what a person can run by hand instead", async () => {
    const namespace = "exported";
    await onboard(namespace, { ledger: ["write"] });
    const text = await (await fetch(`${sandbox.url}${pathOf(namespace)}/export?format=azurecli`)).text();
    const role = `"${roleOf(namespace)}"`;
    await sql("ledger", `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await expect(logIn(namespace)).rejects.toMatchObject({ code: "28P01" });

    // Nobody but itself may act for this one.
    await sql("ledger", "CREATE ROLE stranger; GRANT CREATE ON SCHEMA public TO stranger");
    const told = await (hasPsql ? runPsql : sendAsPsql)(linesForPsql(text));
    expect(told).toContain("Tables that stranger makes are not included");
    await sql("ledger", "DROP OWNED BY stranger; DROP ROLE stranger");

    await (await logIn(namespace)).query("INSERT INTO entries (what) VALUES ('by hand')");
    expect(await verify(namespace)).toEqual([]);
    await sql("ledger", `DELETE FROM entries; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await offboard(namespace);
  });

  /** The schema `public` of the ledger, with a table. */
  function family(): WireFamily {
    const ask = (access: readonly PostgresWord[]) => ({
      wanted: { targets: [{ target: "ledger", access }] },
      given({ principalId }: Identity) {
        const rights = rightsOf(access).flatMap((right) =>
          right.split(" ON TABLES", 2)[1] === "" ? right.split(" ")[0] : [],
        );
        const all = [
          "CONNECT ledger",
          "USAGE public",
          ...rights.flatMap((right) => [`${right} entries`, `${right} later`]),
        ];
        return all.map((each) => `${each} ${principalId}`).toSorted();
      },
    });
    const roleOfIdentity = ({ name }: Identity) => `"${name}"`;
    const effect = { kind: "error", code: "42501", message: "not today" } as const;
    const held = `SELECT privilege_type || ' ' || what AS given, grantee::int AS role FROM (
      SELECT (aclexplode(relacl)).*, relname AS what FROM pg_class WHERE relname = 'entries'
      UNION ALL SELECT (aclexplode(nspacl)).*, nspname FROM pg_namespace
      UNION ALL SELECT (aclexplode(datacl)).*, datname FROM pg_database
      UNION ALL SELECT (aclexplode(defaclacl)).*, 'later' FROM pg_default_acl WHERE defaclobjtype = 'r'
    ) AS given`;
    const drift = (code: string, statement: (role: string) => string) =>
      [{ code }, (identity: Identity) => sql("ledger", statement(roleOfIdentity(identity)))] as const;
    return {
      kind: "namedTarget",
      stale: "GRANT_STALE",
      all: ask(["write"]),
      less: ask(["read"]),
      async given() {
        const labels = await sql("postgres", "SELECT role::int, objectid FROM pgaadauth.labels");
        const whose = new Map(labels.map(({ role, objectid }) => [role, objectid]));
        const rights = await sql("ledger", held);
        return rights.flatMap(({ given, role }) => (whose.has(role) ? [`${given} ${whose.get(role)}`] : [])).toSorted();
      },
      drifts: [
        drift("GRANT_MISSING", (role) => `REVOKE INSERT ON entries FROM ${role}`),
        drift("GRANT_MISSING", (role) => `REVOKE USAGE ON SCHEMA public FROM ${role}`),
        drift(
          "GRANT_MISSING",
          (role) =>
            `ALTER DEFAULT PRIVILEGES FOR ROLE azure_pg_admin IN SCHEMA public REVOKE SELECT ON TABLES FROM ${role}`,
        ),
        drift("MARK_MISSING", (role) => `COMMENT ON ROLE ${role} IS 'tidied up'`),
      ],
      writes: ["create role", "amend mark", "grant"].map((doing) => ({
        ...{ wire: "postgres", operation: `mooring: ${doing}`, target: "pg-dev/*", effect },
      })),
      clear: (identity) =>
        sql("ledger", `DROP OWNED BY ${roleOfIdentity(identity)}; DROP ROLE ${roleOfIdentity(identity)}`),
      byHand: ({ azureCli }) => sendAsPsql(linesForPsql(azureCli)),
    };
  }
  for (const [sentence, keeps] of Object.entries(contractOf("of-postgres", () => sandbox, family))) it(sentence, keeps);

  it("finds a table that no default of an owner reaches, what somebody else gave, and a role that may not log in", async () => {
    const namespace = "drifting";
    await onboard(namespace, { archive: ["read"], ledger: ["write"] });
    const role = `"${roleOf(namespace)}"`;

    await sql("ledger", "CREATE TABLE archive.new (); ALTER TABLE archive.new OWNER TO azure_pg_admin");
    expect(await verify(namespace)).toMatchObject([{ code: "GRANT_MISSING", target: "archive", field: "read" }]);
    await repair(namespace);
    await sql("ledger", `GRANT TRUNCATE ON entries TO ${role}; ALTER ROLE ${role} NOLOGIN`);
    expect(await verify(namespace)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: "GRANT_ADDED", target: "ledger", field: "TRUNCATE ON TABLES" }),
        expect.objectContaining({ code: "USER_DISABLED", target: "ledger", field: "LOGIN" }),
      ]),
    );
    await sql("ledger", `REVOKE TRUNCATE ON entries FROM ${role}; ALTER ROLE ${role} LOGIN; DROP TABLE archive.new`);
    await offboard(namespace);
  });

  it("narrows and retires", async () => {
    const namespace = "changing";
    await onboard(namespace, { ledger: ["own"], reports: ["read"] });
    const client = await logIn(namespace);
    await client.query("CREATE TABLE mine (what text)");

    await onboard(namespace, { ledger: ["read"] }, {}, "?confirmRemoval=true");

    expect(await verify(namespace)).toEqual([]);
    await client.query("SELECT * FROM mine");
    await expect(client.query("DROP TABLE mine")).rejects.toMatchObject({ code: "42501" });
    await expect((await logIn(namespace, "reports")).query("SELECT * FROM monthly")).rejects.toMatchObject({
      code: "42501",
    });
    await offboard(namespace);
    await sql("ledger", "DROP TABLE mine");
  });

  it("finds out before the first write that a role is somebody else's, and what keeps it from giving rights", async () => {
    const role = roleOf("taken");
    await sql("postgres", `CREATE ROLE "${role}"`);
    await sql("reports", "CREATE ROLE stranger; ALTER SCHEMA public OWNER TO stranger");

    const failed = [
      await run(wanted("taken", { ledger: ["read"] })),
      await run(wanted("preflight", { reports: ["read"] })),
    ];

    expect(failed).toMatchObject([
      { status: "Failed", error: { code: "POSTGRES_ROLE_CONFLICT" } },
      { status: "Failed", error: { code: "POSTGRES_FORBIDDEN", message: expect.stringContaining("stranger") } },
    ]);
    for (const { steps } of failed)
      expect(steps.filter(({ name, status }) => name !== "preflight" && status !== "NotStarted")).toEqual([]);
    expect(await roles()).toContain(role);
    await sql("reports", `ALTER SCHEMA public OWNER TO pg_database_owner; DROP ROLE stranger, "${role}"`);
  });

  it("is given to two namespaces in a batch and kept by a migration, and the audit trail names each target", async () => {
    const targets = { uploads: ["read"], ledger: ["write"] } as const;
    const both = ["batched-pod", "batched"] as const;
    const asking = (namespace: string, more: object = {}) =>
      wanted(namespace, { uploads: [...targets.uploads], ledger: [...targets.ledger] }, more);
    const [moved] = both;
    const { body: accepted } = await service.call("POST", "/api/onboardings/batch", {
      requests: [asking(moved, { identityMode: "podIdentity", selector: moved }), asking(both[1])],
    });
    const batch = await service.waitFor(String(accepted["id"]), 120_000);
    expect(batch, JSON.stringify(batch.error)).toMatchObject({ status: "Succeeded", totals: { succeeded: 2 } });

    const reaching = async (namespace: string) => {
      await (await logIn(namespace)).query("SELECT * FROM entries");
      const { principalId } = identityOf(namespace);
      const given = [...sandbox.cloud.world.roleAssignments.values()].filter(
        (each) => each.principalId === principalId,
      );
      return given.map(({ name, scope }) => `${name} ${scope}`);
    };
    const before = await reaching(moved);
    expect(before).toEqual([expect.stringMatching(/\/containers\/uploads$/)]);
    expect(await reaching(both[1])).toHaveLength(1);

    const { body: migrating } = await service.call("POST", `${pathOf(moved)}/migrate`);
    const migrated = await service.waitFor(String(migrating["id"]), 120_000);
    expect(migrated.status, JSON.stringify(migrated.error)).toBe("Succeeded");
    const { body: shown } = await service.call("GET", pathOf(moved));
    expect(shown).toMatchObject({ identityMode: "workloadIdentity", targets: asking(moved).targets });
    expect(await reaching(moved)).toEqual(before);
    for (const namespace of both) expect(await verify(namespace)).toEqual([]);
    await Promise.all(both.map(offboard));

    for (const namespace of both) {
      const { body } = await service.call("GET", `/api/audit?cluster=${names.cluster}&namespace=${namespace}&top=200`);
      const trail = body["value"] as { what: string; target: string; action: string; operation: string }[];
      const onTargets = trail.filter(({ what }) => what.endsWith("Target"));
      expect(onTargets.map(({ what, action, target }) => `${what} ${action} ${target}`).toSorted()).toEqual([
        "grantTarget create ledger",
        "grantTarget create uploads",
        "revokeTarget delete ledger",
        "revokeTarget delete uploads",
      ]);
      expect(trail.find(({ what, target }) => what === "grantTarget" && target === "uploads")).toMatchObject({
        differences: [{ field: "read", current: null, desired: "granted" }],
      });
      // A migration gives and takes nothing on targets.
      expect(onTargets.map(({ operation }) => operation)).not.toContain(migrated.id);
    }
    expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  });
});
