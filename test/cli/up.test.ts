/** `mooring up`, and the way to the program on a machine whose Node is another. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { checkout, run, start } from "./support/program.ts";

it("runs the sandbox until Ctrl-C, and leaves nothing running", async () => {
  const sandbox = start(["up", "--port", "0"]);
  await sandbox.hasSaid("Ctrl-C ends everything");
  const [, url = ""] = /running at (http:\S+)/.exec(sandbox.said()) ?? [];

  const list = await run(["list", "--server", url]);
  sandbox.child.kill("SIGINT");
  const { code } = await sandbox.ended;
  const after = await run(["list", "--server", url]);

  expect(list).toMatchObject({ code: 0, stdout: "No namespace is onboarded.\n" });
  expect(code).toBe(130);
  expect(after.code).toBe(3);
});

it("says which port is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };

  const { code, stderr } = await run(["up", "--port", String(port)]);
  server.close();

  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken`);
});

it("gives flags, folder and exit code through where tools/run.mjs hands over to the pinned Node", async () => {
  const args = [join(checkout, "tools/run.mjs"), "cli/start.mjs", "plan", "-f", "bad-request.yaml"];
  const child = spawn(process.execPath, args, { cwd: join(checkout, "examples"), stdio: ["ignore", "pipe", "pipe"] });
  const stderr = text(child.stderr);
  const [code] = await once(child, "close");

  expect(code).toBe(2);
  expect(await stderr).toContain("bad-request.yaml is not there");
});
