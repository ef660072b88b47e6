/**
 * How an application logs in to what a namespace reaches: for each kind of target and each language, the lines, the versions from which
 * they hold, and whether a test runs them. The same lines work in both identity modes.
 */
import type { TargetKindName } from "../src/domain/targets/index.ts";

export const languages = ["node", "python", "java", "dotnet", "go"] as const;
export type Language = (typeof languages)[number];

export const languageNames: { readonly [L in Language]: string } = {
  node: "Node.js",
  python: "Python",
  java: "Java",
  dotnet: ".NET",
  go: "Go",
};

export interface Login {
  /** The packages, with the versions from which the lines hold. */
  readonly needs: readonly string[];
  readonly lines: string;
  /** How the lines were tried. */
  readonly tried: "every run" | "where installed" | "by hand" | "not here";
}

interface Driver {
  /** In the singular, for people. */
  readonly noun: string;
  readonly logins: { readonly [L in Language]: Login };
}

const sqlDatabase: Driver = {
  noun: "Azure SQL database",
  logins: {
    node: {
      needs: ["mssql 12", "@azure/identity 4.14"],
      tried: "every run",
      lines: `import { DefaultAzureCredential } from "@azure/identity";
import sql from "mssql";

const [server, port = "1433"] = process.env.SERVER_NAME.split(",");
const credential = new DefaultAzureCredential({ disableInstanceDiscovery: true });
const pool = await sql.connect({
  server,
  port: Number(port),
  database: process.env.DATABASE_NAME,
  authentication: { type: "token-credential", options: { credential } },
  options: { encrypt: true },
});`,
    },
    python: {
      needs: ["mssql-python 1.16", "azure-identity 1.27"],
      tried: "where installed",
      lines: `import os
import mssql_python

database = mssql_python.connect(
    f"Server=tcp:{os.environ['SERVER_NAME']};Database={os.environ['DATABASE_NAME']};"
    "Encrypt=yes;Authentication=ActiveDirectoryDefault;"
)`,
    },
    java: {
      needs: ["com.microsoft.sqlserver:mssql-jdbc 13.6", "com.azure:azure-identity 1.19"],
      tried: "by hand",
      lines: `String[] server = System.getenv("SERVER_NAME").split(",");
String url = "jdbc:sqlserver://" + server[0] + ":" + (server.length > 1 ? server[1] : "1433")
    + ";databaseName=" + System.getenv("DATABASE_NAME")
    + ";encrypt=true;loginTimeout=60;authentication=ActiveDirectoryDefault";
Connection database = DriverManager.getConnection(url);`,
    },
    dotnet: {
      needs: ["Microsoft.Data.SqlClient 6"],
      tried: "not here",
      lines: `var server = Environment.GetEnvironmentVariable("SERVER_NAME");
var name = Environment.GetEnvironmentVariable("DATABASE_NAME");
await using var database = new SqlConnection(
    $"Server=tcp:{server};Database={name};Encrypt=True;Authentication=Active Directory Default");
await database.OpenAsync();`,
    },
    go: {
      needs: ["github.com/microsoft/go-mssqldb 1.11"],
      tried: "by hand",
      lines: `import "github.com/microsoft/go-mssqldb/azuread"

database, err := sql.Open(azuread.DriverName, fmt.Sprintf(
	"server=%s;database=%s;encrypt=true;fedauth=ActiveDirectoryDefault",
	os.Getenv("SERVER_NAME"), os.Getenv("DATABASE_NAME")))`,
    },
  },
};

export const drivers: { readonly [K in TargetKindName]: Driver } = { sqlDatabase };

/** What an application sees when it cannot log in, and where to look. */
export const symptoms: readonly (readonly [seen: string, look: string])[] = [
  [
    "`Login failed for user '<token-identified principal>'` (18456)",
    "The identity has no user in the database, or one with another SID. `mooring verify` says which; `mooring repair` fixes it.",
  ],
  [
    "`AADSTS700213`, `AADSTS700211`: no matching federated identity record",
    "The pod runs under another service account or namespace, or the cluster's issuer has changed. Compare `serviceAccountName` with `mooring manifest`.",
  ],
  [
    "`AADSTS700016`: application was not found",
    "The service account has the client ID of an earlier identity: `mooring repair`.",
  ],
  [
    "no `AZURE_CLIENT_ID` in the container",
    'The pod lacks the label `azure.workload.identity/use: "true"`, or was created before its service account was annotated: restart it.',
  ],
  [
    "no managed identity endpoint (pod identity)",
    "The pod lacks the label `aadpodidbinding`, or its AzureIdentityBinding has another selector. Compare both with `mooring manifest`.",
  ],
  ["`Cannot open database` (4060)", "The name is wrong, or the user has no CONNECT: `mooring verify`."],
  ["40615, or no answer", "The server's firewall or the network: Mooring does not open either."],
];

const comments: { readonly [L in Language]: string } = { node: "//", python: "#", java: "//", dotnet: "//", go: "//" };

/** Lines to paste, for every kind. */
export function printLogins(language: Language): string {
  return Object.values(drivers)
    .map(({ noun, logins }) => {
      const { needs, lines } = logins[language];
      return `${comments[language]} ${noun}: ${needs.join(", ")} or later\n${lines}\n`;
    })
    .join("\n");
}
