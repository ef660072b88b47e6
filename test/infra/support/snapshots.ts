/** What Azure would deploy, as `bicep snapshot` predicts it; stored next to the parameters that it was made from. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

export const deployments = join(dirname(import.meta.dirname), "deployments");

const Resource = z.looseObject({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  properties: z.record(z.string(), z.unknown()).default({}),
});
export type Resource = z.infer<typeof Resource>;

const Snapshot = z.object({
  predictedResources: z.array(Resource),
  diagnostics: z.array(z.string()),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

export interface Deployment extends z.infer<typeof Snapshot> {
  readonly name: string;
}

export async function listParameterFiles(): Promise<readonly string[]> {
  return (await readdir(deployments)).filter((file) => file.endsWith(".bicepparam")).sort();
}

export const snapshotOf = (parameterFile: string): string => parameterFile.replace(/\.bicepparam$/, ".snapshot.json");

export async function readDeployments(): Promise<readonly Deployment[]> {
  const files = await listParameterFiles();
  return await Promise.all(
    files.map(async (file) => ({
      name: file.replace(/\.bicepparam$/, ""),
      ...Snapshot.parse(JSON.parse(await readFile(join(deployments, snapshotOf(file)), "utf8"))),
    })),
  );
}

export async function readDeployment(name: string): Promise<Deployment> {
  const found = (await readDeployments()).find((deployment) => deployment.name === name);
  if (found === undefined) throw new Error(`No deployment ${name} in ${deployments}`);
  return found;
}

/** Every value at a path such as `properties.items[].sku.name`; none when part of the path is missing. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  return path.split(".").reduce<readonly unknown[]>(
    (values, step) => {
      const key = step.replace("[]", "");
      const next = values.flatMap((each) => (isObject(each) && each[key] !== undefined ? [each[key]] : []));
      return step.endsWith("[]") ? next.flat() : next;
    },
    [value],
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
