import { outputFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { type Config, changeConfig, readConfig, unknownContext } from "../config/configFile.ts";
import { exitCodes, NotPossible, UsageError } from "../failures.ts";
import { table } from "../output/table.ts";
import { readServer } from "../service/server.ts";
import type { Session } from "../session.ts";

const actions = ["get-contexts", "current-context", "use-context", "set-context", "delete-context"] as const;

export const command = defineCommand({
  description:
    "Names services, so that --context or use-context can choose one. The file is ~/.config/mooring/config.yaml (XDG_CONFIG_HOME, MOORING_CONFIG) and holds no secret. A flag overrides the environment, and the environment overrides the file.",
  operands: [
    { name: "action", isRequired: true, choices: actions },
    { name: "context", isRequired: false },
  ],
  flags: {
    ...outputFlags,
    server: { value: "url", summary: "set-context: address of the service" },
    audience: { value: "id", summary: "set-context: Mooring's client ID, to get tokens for" },
  },
  examples: [
    "config set-context test --server https://mooring-test.example",
    "config use-context test",
    "config get-contexts",
  ],
  isLocal: true,
  async run(session, { server, audience }, [action = "", name]) {
    const config = await readConfig(session.env);
    if (action === "get-contexts") return await listContexts(session, config);
    if (action === "current-context") return await sayCurrent(session, config);
    if (name === undefined)
      throw new UsageError(`config ${action} needs <context>.`, { next: [`mooring config ${action} <context>`] });
    const { env } = session;
    const { contexts } = config;
    if (action === "delete-context" && !contexts.has(name)) {
      throw new NotPossible(`${config.path} has no context "${name}".`, { next: ["mooring config get-contexts"] });
    }
    if (action !== "set-context" && !contexts.has(name)) throw unknownContext(name, config);
    if (action === "use-context") {
      await changeConfig(env, (document) => document.set("current-context", name));
      session.say(`Now using context ${name}: ${contexts.get(name)?.server}`);
    } else if (action === "delete-context") {
      await changeConfig(env, (document) => {
        document.deleteIn(["contexts", name]);
        if (config.current === name) document.delete("current-context");
      });
      session.say(`Removed context ${name} from ${config.path}.`);
    } else {
      if (server === undefined && !contexts.has(name)) {
        throw new UsageError(`Context ${name} is new, and needs --server.`, {
          next: [`mooring config set-context ${name} --server <url>`],
        });
      }
      if (server !== undefined) readServer(server);
      await changeConfig(env, (document) => {
        if (server !== undefined) document.setIn(["contexts", name, "server"], server);
        if (audience !== undefined) document.setIn(["contexts", name, "audience"], audience);
      });
      session.say(`Context ${name} is in ${config.path}.`);
    }
    return exitCodes.done;
  },
});

async function listContexts(session: Session, { current, contexts }: Config): Promise<number> {
  const value = [...contexts].map(([name, context]) => ({ name, current: name === current, ...context }));
  await session.print({
    document: { value },
    names: value.map(({ name }) => name),
    lines: (view) =>
      value.length === 0
        ? ["There is no context."]
        : table(
            value,
            [
              { title: "CURRENT", cell: (each) => (each.current ? "*" : "") },
              { title: "NAME", cell: ({ name }) => name },
              { title: "SERVER", cell: ({ server }) => server },
              { title: "AUDIENCE", cell: ({ audience = "" }) => audience, goes: 1 },
            ],
            view,
          ),
  });
  return exitCodes.done;
}

async function sayCurrent(session: Session, { current }: Config): Promise<number> {
  if (current === undefined)
    throw new NotPossible("No context is selected.", { next: ["mooring config use-context <name>"] });
  await session.print({ document: { name: current }, names: [current], lines: () => [current] });
  return exitCodes.done;
}
