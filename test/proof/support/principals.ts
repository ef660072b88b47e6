/** X-MS-CLIENT-PRINCIPAL as App Service authentication writes it, and forged versions. */
import { randomUUID } from "node:crypto";
import type { Dice } from "test-support/random";

export interface Claim {
  readonly typ: string;
  readonly val: string;
}

export interface Principal {
  readonly auth_typ: string;
  readonly claims: readonly Claim[];
  readonly name_typ: string;
  readonly role_typ: string;
}

export interface Identity {
  readonly tenant: string;
  readonly oid: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

const roleType = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
const longNames: Readonly<Record<string, string>> = {
  oid: "http://schemas.microsoft.com/identity/claims/objectidentifier",
  tid: "http://schemas.microsoft.com/identity/claims/tenantid",
  scp: "http://schemas.microsoft.com/identity/claims/scope",
  roles: roleType,
};

/** The principal from the token of somebody who has signed in through a client: claims with their names in the token. */
export function principalOf({ tenant, oid, groups, roles }: Identity): Principal {
  const claims = [
    ["aud", randomUUID()],
    ["iss", `https://login.microsoftonline.com/${tenant}/v2.0`],
    ["iat", "1790000000"],
    ["nbf", "1790000000"],
    ["exp", "1790003600"],
    ["azp", randomUUID()],
    ["name", "Somebody"],
    ["preferred_username", "somebody@example.com"],
    ["oid", oid],
    ["tid", tenant],
    ["scp", "access"],
    ...groups.map((group) => ["groups", group]),
    ...roles.map((role) => ["roles", role]),
    ["ver", "2.0"],
  ];
  return {
    auth_typ: "aad",
    claims: claims.map(([typ = "", val = ""]) => ({ typ, val })),
    name_typ: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    role_typ: roleType,
  };
}

const rename = (principal: Principal, change: (claim: Claim) => Claim): Principal => ({
  ...principal,
  claims: principal.claims.map(change),
});

/** The forms in which the same caller may be written. */
export const dialects: Readonly<Record<string, (principal: Principal) => Principal>> = {
  "names of the token": (principal) => principal,
  "names of Windows Identity Foundation": (principal) =>
    rename(principal, ({ typ, val }) => ({ typ: longNames[typ] ?? typ, val })),
  "capitals in ids": (principal) =>
    rename(principal, ({ typ, val }) => ({
      typ,
      val: ["oid", "tid", "groups"].includes(typ) ? val.toUpperCase() : val,
    })),
  "claims in another order": (principal) => ({ ...principal, claims: principal.claims.toReversed() }),
  "many claims that say nothing here": (principal) => ({
    ...principal,
    claims: [
      ...Array.from({ length: 40 }, (_, index) => ({ typ: `extn.attribute${index}`, val: "Onboarding.Operate" })),
      ...principal.claims,
      ...["__proto__", "constructor", "role", "group", "wids"].map((typ) => ({ typ, val: "Onboarding.Operate" })),
    ],
  }),
};

export function print(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");
}

/** None of them is a principal of the tenant, although each claims to be an operator. */
export function forgeries(almighty: Principal): Readonly<Record<string, string>> {
  const without = (...types: string[]) => ({
    ...almighty,
    claims: almighty.claims.filter(({ typ }) => !types.includes(typ)),
  });
  const also = (...claims: Claim[]) => ({ ...almighty, claims: [...almighty.claims, ...claims] });
  const having = (type: string, val: unknown) => ({
    ...almighty,
    claims: almighty.claims.map((claim) => (claim.typ === type ? { ...claim, val } : claim)),
  });
  const whole = print(almighty);
  return {
    nothing: "",
    "a word": "operator",
    "an unencoded document": JSON.stringify(almighty),
    "half of one": whole.slice(0, whole.length / 2),
    "bytes that are no text": Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString("base64"),
    "no JSON": print("auth_typ=aad&roles=Onboarding.Operate"),
    null: print(null),
    "a list": print([almighty]),
    "a text": print(JSON.stringify(JSON.stringify(almighty))),
    "nested without end": print("[".repeat(4_000)),
    "of another provider": print({ ...almighty, auth_typ: "google" }),
    "of no provider": print({ ...almighty, auth_typ: undefined }),
    "claims that are no list": print({ ...almighty, claims: { oid: randomUUID() } }),
    "claims as the portal shows them": print({
      ...almighty,
      claims: almighty.claims.map(({ typ, val }) => [typ, val]),
    }),
    "a claim without a value": print(also({ typ: "roles" } as Claim)),
    "a number for a value": print(having("oid", 7)),
    "no object id": print(without("oid")),
    "no tenant": print(without("tid")),
    "another tenant": print(having("tid", randomUUID())),
    "an object id that is none": print(having("oid", "operator")),
    "half of a surrogate pair for an object id": print(having("oid", "\ud800")),
    "two tenants": print(also({ typ: "tid", val: randomUUID() })),
    "two tenants, by the two names": print(also({ typ: longNames["tid"] ?? "", val: randomUUID() })),
    "two object ids": print(also({ typ: longNames["oid"] ?? "", val: randomUUID() })),
  };
}

const strange = ["", "\u0000", "\ud800", "a".repeat(3_000), "__proto__", "constructor", "*", "red", "null"];

/** A corrupted version of what the platform wrote: bytes are changed or lost; claims are lost, duplicated or mixed up. */
export function mutate(dice: Dice, principal: Principal): string {
  const { claims } = principal;
  const bytes = Buffer.from(JSON.stringify(principal));
  const at = dice.roll(bytes.length);
  const index = dice.roll(claims.length);
  const [claim, other] = [claims[index] ?? dice.pick(claims), dice.pick(claims)];
  const replaced = (...by: readonly object[]) =>
    print({ ...principal, claims: [...claims].toSpliced(index, 1, ...(by as Claim[])) });
  return dice.pick<() => string>([
    () =>
      Buffer.concat([bytes.subarray(0, at), Buffer.from([dice.roll(256)]), bytes.subarray(at + 1)]).toString("base64"),
    () => bytes.subarray(0, at).toString("base64"),
    () => Buffer.concat([bytes.subarray(0, at), bytes]).toString("base64"),
    () => replaced(),
    () => replaced({ ...claim, val: dice.pick(strange) }),
    () => replaced({ ...claim, val: [claim.val, other.val] }),
    () => replaced({ ...claim, typ: `${claim.typ}${dice.pick(strange)}` }),
    () => replaced(claim, { ...claim, val: other.val }),
    () => replaced({ ...claim, val: other.val }, { ...other, val: claim.val }),
  ])();
}
