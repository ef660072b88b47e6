import type { PostgresRoles } from "../../src/ports/postgres.ts";

/** For clouds without a PostgreSQL server: whoever calls one has taken a wrong turn. */
export const noPostgres: PostgresRoles = {
  inspect: refuse,
  holders: refuse,
  create: refuse,
  amendNotes: refuse,
  grant: refuse,
  revoke: refuse,
  shut: refuse,
  handOver: refuse,
  drop: refuse,
  dropHeir: refuse,
  replace: refuse,
  removeComment: refuse,
};

async function refuse(): Promise<never> {
  throw new Error("this cloud has no PostgreSQL server");
}
