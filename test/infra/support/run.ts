import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

export interface Outcome {
  readonly exitCode: number;
  /** Standard output and standard error, in order of arrival. */
  readonly output: string;
}

/** Runs a program to its end, whatever its exit code. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, env, input }: { cwd?: string; env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== "number") reject(error);
        else resolve({ exitCode: error ? Number(error.code) : 0, output: stdout + stderr });
      },
    );
    child.stdin?.end(input ?? "");
  });
}

/** The first program of this name on the PATH. */
export async function findOnPath(name: string): Promise<string | undefined> {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, file);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
