/** Every command by its name. A command's file is read when it is called, so that others do not cost time. */
import { flagsOf } from "./arguments/parse.ts";
import type { Command } from "./command.ts";
import type { Described } from "./completion/described.ts";

interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

export const groups: readonly { readonly title: string; readonly commands: Readonly<Record<string, Entry>> }[] = [
  {
    title: "As kubectl does",
    commands: {
      get: { summary: "Namespaces, operations, approvals or the catalog", load: () => import("./commands/get.ts") },
      apply: { summary: "Onboard and change what files say", load: () => import("./commands/apply.ts") },
      diff: { summary: "What apply would change", load: () => import("./commands/diff.ts") },
      delete: { summary: "Offboard what files or names say", load: () => import("./commands/delete.ts") },
    },
  },
  {
    title: "Connect namespaces",
    commands: {
      plan: {
        summary: "What onboarding would do and what stands in its way; writes nothing",
        load: () => import("./commands/plan.ts"),
      },
      onboard: {
        summary: "Onboard a namespace, change an onboarded one, or many at once",
        load: () => import("./commands/onboard.ts"),
      },
      offboard: { summary: "Take a namespace's access away", load: () => import("./commands/offboard.ts") },
    },
  },
  {
    title: "Look",
    commands: {
      list: { summary: "Namespaces, or operations", load: () => import("./commands/list.ts") },
      status: { summary: "One operation step by step, or one namespace", load: () => import("./commands/status.ts") },
      watch: { summary: "What happens, as it happens", load: () => import("./commands/watch.ts") },
      catalog: {
        summary: "What requests may name; checks a catalog file",
        load: () => import("./commands/catalog.ts"),
      },
      audit: { summary: "Who had what done to what", load: () => import("./commands/audit.ts") },
      manifest: {
        summary: "Print the fragment that a team pastes into its Deployment",
        load: () => import("./commands/manifest.ts"),
      },
      export: {
        summary: "A namespace's access as Kubernetes YAML, T-SQL or Azure CLI commands",
        load: () => import("./commands/export.ts"),
      },
    },
  },
  {
    title: "Decide about operations",
    commands: {
      approvals: { summary: "What waits for your approval", load: () => import("./commands/approvals.ts") },
      approve: { summary: "Approve a request that waits", load: () => import("./commands/approve.ts") },
      reject: { summary: "Reject a request that waits", load: () => import("./commands/reject.ts") },
      cancel: { summary: "Stop an operation and undo what it has done", load: () => import("./commands/cancel.ts") },
      compensate: { summary: "Run again the undos that failed", load: () => import("./commands/compensate.ts") },
    },
  },
  {
    title: "Keep namespaces right",
    commands: {
      verify: { summary: "Read everything back now", load: () => import("./commands/verify.ts") },
      repair: { summary: "Put drift right", load: () => import("./commands/repair.ts") },
      migrate: {
        summary: "From pod identity to workload identity, phase by phase",
        load: () => import("./commands/migrate.ts"),
      },
    },
  },
  {
    title: "On this machine",
    commands: {
      up: { summary: "Run the service in its sandbox, until Ctrl-C", load: () => import("./commands/up.ts") },
      sandbox: { summary: "Look into a sandbox's cloud, and break it", load: () => import("./commands/sandbox.ts") },
      config: { summary: "Names for services, and which one is used", load: () => import("./commands/config.ts") },
      completion: { summary: "Completion for bash, zsh or fish", load: () => import("./commands/completion.ts") },
    },
  },
];

export const entries = new Map(groups.flatMap(({ commands }) => Object.entries(commands)));

export async function loadCommand(name: string): Promise<Command> {
  const entry = entries.get(name);
  if (!entry) throw new Error(`there is no command "${name}"`);
  return (await entry.load()).command;
}

/** All of them, which takes the time of reading them all. */
export async function describeCommands(): Promise<readonly Described[]> {
  return await Promise.all(
    [...entries].map(async ([name, { summary }]) => {
      const command = await loadCommand(name);
      return { name, summary, operands: command.operands, flags: flagsOf(command) };
    }),
  );
}
