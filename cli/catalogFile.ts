/** Checks an operator's catalog file on this machine, with the same schema that the service starts with. */
import { readFile } from "node:fs/promises";
import type { CatalogProblem, ReadCatalog } from "../src/domain/catalog/readCatalog.ts";
import { count } from "../src/domain/count.ts";
import { exitCodes, UsageError } from "./failures.ts";
import { facts } from "./output/facts.ts";
import type { View } from "./output/view.ts";
import type { Session } from "./session.ts";
import { whyUnreadable } from "./unreadable.ts";

export async function checkCatalog(session: Session, file: string): Promise<number> {
  const text = await readText(file);
  // Loading the schema takes longer than the rest of startup, so only this check loads it.
  const { readCatalog } = await import("../src/domain/catalog/readCatalog.ts");
  const read = readCatalog(text);
  const problems = "problems" in read ? read.problems : [];
  await session.print({
    document: { file, problems },
    names: problems.map(({ setting }) => setting),
    lines: (view) =>
      "problems" in read ? problemLines(file, read.problems, view) : [`${view.paint("bold", file)}  ${summary(read)}`],
  });
  return problems.length === 0 ? exitCodes.done : exitCodes.refused;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${file} ${whyUnreadable(cause)}.`, { cause });
  }
}

function problemLines(file: string, problems: readonly CatalogProblem[], view: View): readonly string[] {
  return [
    `${view.paint("bold", file)}  ${view.paint("red", count(problems.length, "problem"))}`,
    ...problems.flatMap(({ line, setting, detail, next }) => [
      `${file}${line === undefined ? "" : `:${line}`}  ${view.paint("bold", setting || "the file")}`,
      ...facts(
        [
          ["wrong", detail],
          ["next", next],
        ],
        view,
        4,
      ),
    ]),
  ];
}

function summary({ catalog }: Extract<ReadCatalog, { catalog: unknown }>): string {
  const { clusters, sqlServers, targets, profiles, teams, auth } = catalog;
  const size = (table: object, what: string) => count(Object.keys(table).length, what);
  const others = [size(targets, "other target"), size(profiles, "profile")].filter((each) => !each.startsWith("0 "));
  const parts = [size(clusters, "cluster"), size(sqlServers, "SQL server"), ...others, size(teams, "team")].join(", ");
  return `no problems: ${parts}${auth ? "" : ", no auth: everybody may do everything"}`;
}
