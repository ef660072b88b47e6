/** Opens a page in the machine's browser; without one, the printed link has to do. */
import { spawn } from "node:child_process";

const commands: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ["open"],
  // `start` takes its first quoted argument as a title.
  win32: ["cmd", "/c", "start", ""],
};

export function openBrowser(url: string, { platform = process.platform }: { platform?: NodeJS.Platform } = {}): void {
  const [command, ...args] = commands[platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { detached: true, stdio: "ignore" });
  child.on("error", () => process.stderr.write(`No browser could be opened (${command}); the page is at ${url}\n`));
  child.unref();
}
