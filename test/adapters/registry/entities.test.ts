import { expect, it } from "vitest";
import { fromEntity, toEntity } from "../../../src/adapters/registry/entities.ts";

/** Table service data model: a text has at most 64 KiB, and its characters take two bytes each. */
const longestValue = 32_768;
const textOf = (length: number) => "€".repeat(length);

it("splits a value that is too long for one property across several", () => {
  const record = { id: "op-1", previous: { request: textOf(100_000) }, earlier: { request: "short" } };

  const entity = toEntity("aks-dev", "team-a", record);

  expect(Object.values(entity).filter((value) => String(value).length > longestValue)).toEqual([]);
  expect(fromEntity({ ...entity, etag: "1" })).toEqual({ ...record, etag: "1" });
});

it("splits no surrogate pair, whose halves would be invalid on their own", () => {
  const record = { previous: { request: `a${"😀".repeat(50_000)}` } };

  const entity = toEntity("aks-dev", "team-a", record);

  expect(Object.values(entity).filter((value) => !String(value).isWellFormed())).toEqual([]);
  expect(fromEntity(entity)).toEqual(record);
});

it("ignores leftover parts of an earlier, longer value: a merge keeps the properties that it does not name", () => {
  const long = toEntity("aks-dev", "team-a", { previous: { request: textOf(100_000) } });
  const shorter = { previous: { request: textOf(40_000) } };
  const short = { previous: { request: "short" } };

  expect(fromEntity({ ...long, ...toEntity("aks-dev", "team-a", shorter) })).toMatchObject(shorter);
  expect(fromEntity({ ...long, ...toEntity("aks-dev", "team-a", short) })).toMatchObject(short);
});

it("names the property that lacks a part, instead of reading half a value", () => {
  const entity = toEntity("aks-dev", "team-a", { previous: { request: textOf(100_000) } });
  const { previous_json_2: _lost, ...rest } = { previous_json_2: undefined, ...entity };

  expect(() => fromEntity(rest)).toThrow("previous_json");
});
