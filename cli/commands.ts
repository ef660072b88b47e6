/** Every command by its name. A command's file is loaded only when the command runs, which keeps startup fast. */
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
      get: {
        summary: "List namespaces, operations, approvals or the catalog",
        load: () => import("./commands/get.ts"),
      },
      apply: { summary: "Onboard or change the namespaces in files", load: () => import("./commands/apply.ts") },
      diff: { summary: "Show what apply would change", load: () => import("./commands/diff.ts") },
      delete: { summary: "Offboard namespaces by file or name", load: () => import("./commands/delete.ts") },
    },
  },
  {
    title: "Connect namespaces",
    commands: {
      plan: {
        summary: "Show what onboarding would do and what blocks it; writes nothing",
        load: () => import("./commands/plan.ts"),
      },
      onboard: {
        summary: "Onboard or change one namespace or many",
        load: () => import("./commands/onboard.ts"),
      },
      offboard: { summary: "Remove a namespace's access", load: () => import("./commands/offboard.ts") },
    },
  },
  {
    title: "Look",
    commands: {
      list: { summary: "List namespaces or operations", load: () => import("./commands/list.ts") },
      status: { summary: "Show an operation step by step, or a namespace", load: () => import("./commands/status.ts") },
      watch: { summary: "Show what happens, as it happens", load: () => import("./commands/watch.ts") },
      catalog: {
        summary: "Show what requests can ask for, or check a catalog file",
        load: () => import("./commands/catalog.ts"),
      },
      access: { summary: "Show who reaches what, since when and by whom", load: () => import("./commands/access.ts") },
      audit: { summary: "Show who did what, and to what", load: () => import("./commands/audit.ts") },
      manifest: {
        summary: "Print the fragment that a team pastes into its Deployment",
        load: () => import("./commands/manifest.ts"),
      },
      export: {
        summary: "Export a namespace's access as Kubernetes YAML, T-SQL or Azure CLI commands",
        load: () => import("./commands/export.ts"),
      },
    },
  },
  {
    title: "Decide about operations",
    commands: {
      approvals: { summary: "List what waits for your approval", load: () => import("./commands/approvals.ts") },
      approve: { summary: "Approve a waiting request", load: () => import("./commands/approve.ts") },
      reject: { summary: "Reject a waiting request", load: () => import("./commands/reject.ts") },
      cancel: { summary: "Stop an operation and undo what it did", load: () => import("./commands/cancel.ts") },
      compensate: { summary: "Run failed undos again", load: () => import("./commands/compensate.ts") },
    },
  },
  {
    title: "Keep namespaces right",
    commands: {
      verify: { summary: "Verify namespaces now", load: () => import("./commands/verify.ts") },
      repair: { summary: "Repair drift", load: () => import("./commands/repair.ts") },
      renew: { summary: "Move the end of a namespace's access", load: () => import("./commands/renew.ts") },
      migrate: {
        summary: "Migrate to another identity mode, phase by phase",
        load: () => import("./commands/migrate.ts"),
      },
    },
  },
  {
    title: "On this machine",
    commands: {
      up: { summary: "Run the service in a sandbox until Ctrl-C", load: () => import("./commands/up.ts") },
      sandbox: { summary: "Inspect a sandbox's cloud, and break it", load: () => import("./commands/sandbox.ts") },
      config: { summary: "Name services, and choose one", load: () => import("./commands/config.ts") },
      completion: {
        summary: "Print completion for Bash, Zsh, fish or PowerShell",
        load: () => import("./commands/completion.ts"),
      },
    },
  },
];

export const entries = new Map(groups.flatMap(({ commands }) => Object.entries(commands)));

export async function loadCommand(name: string): Promise<Command> {
  const entry = entries.get(name);
  if (!entry) throw new Error(`no command is called "${name}"`);
  return (await entry.load()).command;
}

/** Loads every command, which takes a while. */
export async function describeCommands(): Promise<readonly Described[]> {
  return await Promise.all(
    [...entries].map(async ([name, { summary }]) => {
      const command = await loadCommand(name);
      return { name, summary, operands: command.operands, flags: flagsOf(command) };
    }),
  );
}
