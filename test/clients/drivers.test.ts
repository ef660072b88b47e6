import { expect, it } from "vitest";
import { drivers, kindsIn, printLogins } from "../../clients/drivers.ts";
import { languages } from "../../clients/login.ts";
import { failuresIn, failuresOf } from "../../clients/loginFailures.ts";
import { IdentityMode } from "../../src/domain/request/request.ts";
import { describeDrivers } from "../../tools/driverReference.ts";
import { readReference } from "../../tools/reference.ts";
import { programsIn, type Ran } from "../sandbox/support/driverUses.ts";

it("is in docs/drivers.md, word for word (tools/writeDriverReference.ts writes it)", () => {
  expect(readReference("drivers.md")).toBe(describeDrivers());
});

it.each(["node", "python", "java", "go"] as const satisfies Ran[])(
  "says of the lines for %s that tests run them where a test does, and nowhere else",
  (language) => {
    // test/samples/message-app/walkThrough.test.ts
    const elsewhere = language === "python" ? ["sqlDatabase"] : [];
    const said = Object.entries(drivers).flatMap(([kind, { logins }]) =>
      logins[language].tried === "where installed" ? [kind] : [],
    );

    const run = programsIn(language).map(({ kind }): string => kind);
    expect(said.toSorted()).toEqual([...run, ...elsewhere].toSorted());
  },
);

it.each(languages)("prints lines to paste for %s, with what they need", (language) => {
  const printed = printLogins(language, "workloadIdentity", ["sqlDatabase", "storageBlob"]);

  expect(printed).toMatch(/^(?:\/\/|#) Azure SQL database: .+ or later\n/);
  expect(printed).toMatch(/\n\n(?:\/\/|#) Blob container: .+ or later\n/);
});

it.each(Object.keys(drivers) as (keyof typeof drivers)[])(
  "says what to look at when %s fails, in every mode",
  (kind) => {
    for (const mode of IdentityMode.options) {
      const [, failing = ""] = printLogins("python", mode, [kind]).split("\n\n# When it fails:\n");
      const said = failing.trimEnd().split("\n");

      expect(failuresOf[kind].length).toBeGreaterThan(0);
      for (const [seen, look] of [...failuresOf[kind], ...failuresIn[mode]])
        expect(said).toContain(`# - ${seen}: ${look}`);
      expect(new Set(said).size).toBe(said.length);
      expect(said.every((line) => line.startsWith("# - "))).toBe(true);
    }
  },
);

it.each(languages)("has no lines for %s that leave a server's certificate unverified", (language) => {
  const unverified =
    /ssl ?mode=(?:require|prefer|allow|disable)|trust ?server ?certificate=(?:true|yes)|rejectUnauthorized/i;

  const found = Object.entries(drivers).filter(([, { logins }]) => unverified.test(logins[language].lines));

  expect(found.map(([kind]) => kind)).toEqual([]);
});

it("prints what the namespace reaches, and nothing else", () => {
  const listed = [
    { name: "invoices", kind: "storageBlob" },
    { name: "keys", kind: "keyVaultSecrets" },
    { name: "later", kind: "ofANewerService" },
  ];
  const targets = ["keys", "later", "dropped"].map((target) => ({ target, access: ["read" as const] }));

  expect(kindsIn({ databases: [], targets }, listed)).toEqual(["keyVaultSecrets"]);
  expect(kindsIn({ databases: [{ server: "s", database: "d", roles: ["reader"] }] }, listed)).toEqual(["sqlDatabase"]);
  expect(Object.keys(drivers)).toContain("openAi");
});

it.each(languages)("says in %s what an identity binding asks for beside the lines", (language) => {
  const [plain, bound] = (["workloadIdentity", "identityBinding"] as const).map((mode) =>
    printLogins(language, mode, ["sqlDatabase"]),
  );

  expect(bound?.endsWith(`\n\n${plain}`)).toBe(true);
  expect(bound?.split("\n")[0]).toContain("With an identity binding: ");
});
