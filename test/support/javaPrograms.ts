/** Programs in Java that tests compile against packages from Maven, each once, outside the checkout. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { hasProgram } from "test-support/programs";
import { cachePath, keyOf } from "./cache.ts";

interface Programs {
  /** `group:artifact:version` */
  readonly packages: readonly string[];
  /** The text of each class, by its name. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The class path; undefined, and said in the report, where Java, Maven or the packages cannot be had. */
export function javaPrograms({ packages, sources }: Programs, what: string): string | undefined {
  const needed = [
    ["javac", "default-jdk-headless"],
    ["mvn", "maven"],
  ] as const;
  for (const [program, from] of needed) {
    if (!hasProgram(program, { what, probe: ["-version"], from })) return undefined;
  }
  const folder = cachePath("java", keyOf(projectOf(packages), sources));
  const [classes, jars, built] = ["classes", "jars.txt", "built"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const classPath = () => `${classes}:${readFileSync(jars, "utf8").trim()}`;
  if (existsSync(built)) return classPath();
  mkdirSync(classes, { recursive: true });
  writeFileSync(join(folder, "pom.xml"), projectOf(packages));
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { cwd: folder, encoding: "utf8", timeout: 600_000 });
  const had = run("mvn", "--quiet", "--batch-mode", "dependency:build-classpath", `-Dmdep.outputFile=${jars}`);
  if (had.status !== 0) {
    sayNotRun(`${what}: ${packages.join(", ")} cannot be had here (mvn)`);
    return undefined;
  }
  const files = Object.entries(sources).map(([name, text]) => {
    const file = join(folder, `${name}.java`);
    writeFileSync(file, text);
    return file;
  });
  const compiled = run("javac", "-cp", classPath(), "-d", classes, ...files);
  if (compiled.status !== 0) throw new Error(`${what} do not compile:\n${compiled.stderr}`);
  writeFileSync(built, "");
  return classPath();
}

/** Netty's native parts, which only make it faster. */
const exclusions = [
  "netty-codec-native-quic",
  "netty-resolver-dns-native-macos",
  "netty-transport-native-epoll",
  "netty-transport-native-kqueue",
].map((artifact) => `<exclusion><groupId>io.netty</groupId><artifactId>${artifact}</artifactId></exclusion>`);

function projectOf(packages: readonly string[]): string {
  const dependencies = packages.map((each) => {
    const [group, artifact, version] = each.split(":");
    const coordinates = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`;
    return `<dependency>${coordinates}<exclusions>${exclusions.join("")}</exclusions></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.mooring</groupId>
  <artifactId>lines</artifactId>
  <version>1</version>
  <dependencies>${dependencies.join("\n")}</dependencies>
</project>
`;
}
