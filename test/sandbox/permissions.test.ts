/** docs/permissions.md gives Mooring's identity what it needs and no more: every kind of operation runs with that alone. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { names } from "../../local/cloud.ts";
import { createMessageList } from "../../local/messageList.ts";
import type { AccessAttributes } from "../../local/simulators/kubernetes/access.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const page = readFileSync(new URL("../../docs/permissions.md", import.meta.url), "utf8");
const blockOf = (language: string) => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1] ?? "";

const Rule = z.object({
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  verbs: z.array(z.string()),
});
const ClusterRole = z.object({ kind: z.literal("ClusterRole"), rules: z.array(Rule) });

/** `verb group/resource`, each that the documented role allows. */
function documented(): ReadonlySet<string> {
  const [role] = parseAllDocuments(blockOf("yaml")).map((each) => ("toJS" in each ? each.toJS() : undefined));
  const { rules } = ClusterRole.parse(role);
  const all = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
  );
  return new Set(all);
}

const textOf = ({ verb, group, resource }: AccessAttributes) => `${verb} ${group}/${resource}`;

let sandbox: SuiteSandbox;
let service: Service;
const asked = new Set<string>();

beforeAll(async () => {
  sandbox = await startSandbox({ verificationJob: { image: "message-app", timeoutSeconds: 60 } });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
  const allowed = documented();
  sandbox.cloud.kubernetes.restrictions.push((attributes) => {
    asked.add(textOf(attributes));
    return !allowed.has(textOf(attributes));
  });
});
afterAll(() => sandbox?.close());

async function succeed(method: string, path: string, body?: object): Promise<void> {
  const { status, body: answer } = await service.call(method, path, body);
  expect(status, JSON.stringify(answer)).toBe(202);
  const ended = await service.waitFor(String(answer["id"]), 60_000);
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
}

it("is enough for every operation of both identity modes", async () => {
  const request = (namespace: string, identityMode: string) => ({
    ...{ cluster: names.cluster, namespace, identityMode },
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
  });
  for (const identityMode of ["workloadIdentity", "podIdentity"]) {
    const namespace = `allowed-${identityMode.toLowerCase()}`;
    const address = `/api/namespaces/${names.cluster}/${namespace}`;
    const wanted = request(namespace, identityMode);
    const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted);
    expect(plan.body, JSON.stringify(plan.body)).toMatchObject({ blocked: false });
    await succeed("POST", "/api/onboardings", wanted);
    const roles = ["reader", "executor"];
    await succeed("POST", "/api/onboardings", { ...wanted, databases: [{ ...wanted.databases[0], roles }] });
    expect((await service.call("POST", `${address}/verify`)).body).toMatchObject({ findings: [] });
    await succeed("POST", `${address}/repair`);
    if (identityMode === "podIdentity") await succeed("POST", `${address}/migrate`);
    await succeed("DELETE", address);
  }
}, 180_000);

it("allows nothing that no operation needs", () => {
  // Kinds that the simulated cluster does not have, and what is read only of a Job that does not end.
  const elsewhere = [
    "list /events",
    "list /persistentvolumeclaims",
    "list apps/daemonsets",
    "list apps/statefulsets",
    "list batch/cronjobs",
  ];

  expect([...documented()].filter((each) => !asked.has(each)).toSorted()).toEqual(elsewhere);
});

it("lists the actions that Azure is asked for, and no others", () => {
  const { actions } = z.object({ actions: z.array(z.string()) }).parse(JSON.parse(blockOf("json")));
  const verbs: Record<string, string> = { GET: "read", PUT: "write", PATCH: "write", DELETE: "delete" };

  const used = sandbox.cloud.faults.journal
    .filter(({ wire }) => wire === "arm")
    .map(({ operation }) => operation.split(" "))
    .map(([method = "", type = ""]) => `${type}/${verbs[method]}`);

  expect([...new Set(used)].toSorted()).toEqual(actions.toSorted());
});
