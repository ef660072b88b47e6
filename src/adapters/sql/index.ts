/** Databases over TDS, with the usual Node driver (mssql on tedious) and the identity's access tokens. */
import type { Request } from "mssql";
import { z } from "zod";
import { compareText } from "../../domain/canonicalJson.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { DatabaseTarget } from "../../domain/targets/sqlDatabase.ts";
import type { DatabaseState, Databases } from "../../ports/databases.ts";
import { throttles } from "../../telemetry/metrics.ts";
import { inSpan, SpanKind } from "../../telemetry/spans.ts";
import type { Credential } from "../credential.ts";
import { classify, isThrottle, numberOf } from "./errors.ts";
import { createPools } from "./pools.ts";
import { type Batch, changeBatch, inspectAllBatch, inspectBatch, longestMark, membersBatch } from "./statements.ts";

export interface DatabaseSettings {
  readonly credential: Credential;
  /** The access token's scope; sovereign clouds have another. */
  readonly scope?: string;
  readonly connectTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long an idle pool stays open. */
  readonly idleMs?: number;
}

export function createDatabases({
  credential,
  scope = "https://database.windows.net/.default",
  connectTimeoutMs = 30_000,
  requestTimeoutMs = 30_000,
  idleMs = 60_000,
}: DatabaseSettings): Databases & { close(): Promise<void> } {
  const pools = createPools({ credential, scope, connectTimeoutMs, requestTimeoutMs, idleMs });

  const run = async (target: DatabaseTarget, doing: string, write: () => Batch): Promise<unknown> => {
    const { server, database } = target;
    const name = `${server.alias}/${database}`;
    const batch = writeBatch(name, write);
    // Not the statement's text: it holds no values, but names of users.
    const attributes = {
      "db.system.name": "microsoft.sql_server",
      "db.namespace": database,
      "db.query.summary": doing,
      "server.address": server.host,
      "server.port": server.port,
    };
    return await inSpan(`SQL ${doing}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        return await pools.with(target, async (pool, driver) => {
          const request = pool.request();
          bind(request, batch, driver);
          // This always uses sp_executesql and one round trip.
          return (await request.query(batch.text)).recordsets;
        });
      } catch (error) {
        const context = {
          target: name,
          host: server.host,
          loginError: (last: string) => pools.loginError(target, last),
        };
        const number = numberOf(error, context);
        if (number !== undefined) span.setAttribute("db.response.status_code", String(number));
        if (number !== undefined && isThrottle(number)) throttles.add(1, { service: "sql" });
        throw classify(error, context);
      }
    });
  };

  return {
    async inspect(target, user) {
      return readState(await run(target, "inspect user", () => inspectBatch(user)));
    },
    async inspectAll(target) {
      return readState(await run(target, "inspect all users", inspectAllBatch));
    },
    async ownRoleMembers(target) {
      const [members] = z.tuple([z.array(Member)]).parse(await run(target, "list members", membersBatch));
      return members
        .map(({ sid, mark, self, ...each }) => ({
          ...each,
          sid: printSid(sid),
          mark: mark ?? undefined,
          isSelf: each.member === self,
        }))
        .toSorted((a, b) => compareText(`${a.role} ${a.member}`, `${b.role} ${b.member}`));
    },
    async change(target, changes) {
      if (changes.length === 0) return;
      const kinds = [...new Set(changes.map(({ kind }) => kind))].join(", ");
      await run(target, `change user: ${kinds}`, () => changeBatch(changes));
    },
    close: () => pools.close(),
  };
}

/** An invalid name or SID is permanent: a retry does not help. */
function writeBatch(target: string, write: () => Batch): Batch {
  try {
    return write();
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause;
    throw new PermanentError("SQL_REJECTED", `${target}: ${cause.message}`, { cause });
  }
}

function bind(request: Request, { parameters }: Batch, driver: typeof import("mssql")): void {
  for (const [name, { type, value }] of Object.entries(parameters)) {
    // A mark must not be declared nvarchar(max): that does not fit in a sql_variant (error 206).
    if (type === "sid") request.input(name, driver.VarBinary(85), value);
    else request.input(name, driver.NVarChar(type === "mark" ? longestMark : 128), value);
  }
}

function printSid(sid: Buffer | null): string {
  return `0x${(sid ?? Buffer.alloc(0)).toString("hex").toUpperCase()}`;
}

const Member = z.object({
  role: z.string(),
  member: z.string(),
  sid: z.instanceof(Buffer).nullable(),
  mark: z.string().nullable(),
  self: z.string(),
});

const Named = z.object({ id: z.number(), name: z.string() });
const User = Named.extend({
  type: z.string(),
  sid: z.instanceof(Buffer).nullable(),
  created: z.date(),
  mark: z.string().nullable(),
});
const Held = Named.extend({
  state: z.string(),
  class: z.string(),
  schema: z.string().nullable(),
  object: z.string().nullable(),
});
const Recordsets = z.tuple([
  z.array(User),
  z.array(Named),
  z.array(Named),
  z.array(Named),
  z.array(Named.extend({ isFixed: z.boolean(), mayAlter: z.number().nullable() })),
  z.array(Held),
  z.array(Named),
  z.array(Named.extend({ schema: z.string() })),
  z.array(Named.extend({ grantee: z.string() })),
  z.array(Named.extend({ schema: z.string().nullable() })),
  z.array(
    z.object({
      self: z.string(),
      isOwner: z.number().nullable(),
      isSecurityAdmin: z.number().nullable(),
      mayAlterUsers: z.number().nullable(),
      seesDefinitions: z.number().nullable(),
      hasControl: z.number().nullable(),
    }),
  ),
]);

/** CREATE USER grants it to every user; revoking it is how SQL Server disables a user (learn.microsoft.com "REVOKE"). */
const connect = "CONNECT";

function readState(recordsets: unknown): DatabaseState {
  const [users, roles, permissions, schemas, allRoles, held, ownedRoles, objects, grantedOn, given, [me]] =
    Recordsets.parse(recordsets);
  const namesOf = (list: z.infer<typeof Named>[], id: number) =>
    list.flatMap((each) => (each.id === id ? [each.name] : [])).sort();
  const linesOf = <T extends { id: number }>(list: readonly T[], id: number, print: (each: T) => string) =>
    list.flatMap((each) => (each.id === id ? [print(each)] : [])).sort();
  return {
    users: users.map(({ id, name, type, sid, created, mark }) => {
      const granted = namesOf(permissions, id);
      const otherPermissions = linesOf(held, id, printPermission);
      const dependants = [
        ...linesOf(objects, id, (object) => `object ${object.schema}.${object.name}`),
        ...linesOf(grantedOn, id, (each) => `${each.name} that it granted to ${each.grantee}`),
      ];
      return {
        name,
        type: type.trim(),
        sid: printSid(sid),
        roles: namesOf(roles, id),
        permissions: granted.filter((permission) => permission !== connect),
        ownedSchemas: namesOf(schemas, id),
        ...defined({ ownedRoles: unlessEmpty(namesOf(ownedRoles, id)) }),
        createdTime: created.toISOString(),
        mark: mark ?? undefined,
        ...(granted.includes(connect) ? {} : { isDisabled: true }),
        ...defined({ otherPermissions: unlessEmpty(otherPermissions), dependants: unlessEmpty(dependants) }),
      };
    }),
    roles: allRoles.map(({ name }) => name).sort(),
    ...defined({ self: me?.self }),
    changeableRoles: allRoles
      .flatMap(({ name, isFixed, mayAlter }) => (mayAlter === 1 && !isFixed ? [name] : []))
      .sort(),
    rolePermissions: Object.fromEntries(
      allRoles
        .filter(({ isFixed }) => !isFixed)
        .map(({ id, name }) => [
          name,
          linesOf(given, id, (each) => each.name + (each.schema === null ? "" : ` ON SCHEMA ${each.schema}`)),
        ]),
    ),
    mayChangeRoles: me?.isOwner === 1,
    seesDefinitions: me?.seesDefinitions === 1,
    mayMakeUsers: me?.mayAlterUsers === 1,
    mayGrant: me?.hasControl === 1 || me?.isSecurityAdmin === 1,
  };
}

/** `GRANT SELECT ON dbo.orders`, `DENY EXECUTE`, `GRANT ALTER ON SCHEMA app`. */
function printPermission({ name, state, class: of, schema, object }: z.infer<typeof Held>): string {
  const verb = state.replace("_WITH_GRANT_OPTION", "");
  if (of === "DATABASE") return `${verb} ${name}`;
  if (of === "OBJECT_OR_COLUMN") return `${verb} ${name} ON ${schema ?? "?"}.${object ?? "?"}`;
  return `${verb} ${name} ON ${of}${of === "SCHEMA" ? ` ${schema ?? "?"}` : ""}`;
}
