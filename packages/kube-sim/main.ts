/** `npm start -w packages/kube-sim`: a cluster until Ctrl-C. Prints the path of a kubeconfig. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type KubeOptions, startKube } from "./start.ts";

const usage = `usage: node tools/run.mjs packages/kube-sim/main.ts [--port <n>] [--image <name>=<command>]... [--api-server]

  --port        of the API server on 127.0.0.1; any free one by default
  --image       a program of this machine, with its arguments, that runs where a pod names this image
  --api-server  a real API server, which npm run apiServer builds; it takes a port of its own
`;

const options = readArguments();
const kube = await startKube(options).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
const folder = await mkdtemp(join(tmpdir(), "kube-sim-"));
const kubeconfig = join(folder, "kubeconfig");
await writeFile(kubeconfig, kube.kubeconfig, { mode: 0o600 });
process.stdout.write(`${kube.url}\nexport KUBECONFIG=${kubeconfig}\n`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());

async function end(): Promise<void> {
  await kube.close();
  await rm(folder, { recursive: true });
  process.exit(0);
}

function readArguments(): KubeOptions {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "0" },
        image: { type: "string", multiple: true, default: [] },
        "api-server": { type: "boolean", default: false },
      },
    });
    if (!/^\d{1,5}$/.test(values.port)) throw new Error(`--port is "${values.port}", which is not a port`);
    const images = values.image.map((text) => {
      const [, image = "", line = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      const [command = "", ...args] = line.split(" ");
      if (command === "") throw new Error(`--image is "${text}"; write <name>=<command>`);
      return [image, { command, args }] as const;
    });
    return { port: Number(values.port), images: Object.fromEntries(images), isReal: values["api-server"] };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(64);
  }
}
