import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { catalogSchema } from "../../../src/domain/catalog/catalogSchema.ts";
import { describeCatalog, printCatalogSchema, schemaFile, settingsOf } from "../../../tools/catalogReference.ts";
import { readReference } from "../../../tools/reference.ts";

const root = join(import.meta.dirname, "../../..");
const sample = readFileSync(join(root, "mooring.yaml"), "utf8");

it("is in docs/catalog.md and in the file for editors, word for word (tools/writeCatalogReference.ts writes both)", () => {
  expect(readReference("catalog.md")).toBe(describeCatalog());
  expect(JSON.parse(readFileSync(join(root, schemaFile), "utf8"))).toEqual(JSON.parse(printCatalogSchema()));
});

it("describes every setting", () => {
  const settings = settingsOf(catalogSchema(), "");

  expect(settings.length).toBeGreaterThan(50);
  expect(settings.filter(({ schema }) => !schema.description).map(({ path }) => path)).toEqual([]);
});

it("is the schema that the sample's first line points editors to", () => {
  const [, leads] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(sample) ?? [];

  expect(leads).toBe(schemaFile);
});

it("covers the sample's settings, including the one that is commented out because it needs a cluster", () => {
  const certificate = sample.replaceAll(/^( *)# (certificateAuthority: \|| {2}-----.*| {2}…)$/gm, "$1$2");

  const { clusters } = parse(certificate);
  const known = settingsOf(catalogSchema(), "").map(({ path }) => path);

  expect(clusters["aks-dev"].certificateAuthority).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(Object.keys(clusters["aks-dev"]).filter((name) => !known.includes(`clusters.<name>.${name}`))).toEqual([]);
});
