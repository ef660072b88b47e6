/** Drivers of databases, which ask a credential for a token and take it as a password or in its place. */
import type { Driver } from "./login.ts";

export const sqlDatabase: Driver = {
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
      tried: "where installed",
      lines: `String[] server = System.getenv("SERVER_NAME").split(",");
String url = "jdbc:sqlserver://" + server[0] + ":" + (server.length > 1 ? server[1] : "1433")
    + ";databaseName=" + System.getenv("DATABASE_NAME")
    + ";encrypt=true;loginTimeout=60;authentication=ActiveDirectoryDefault";
Connection database = DriverManager.getConnection(url);`,
    },
    dotnet: {
      // Without the second, no login of Microsoft Entra is there.
      needs: ["Microsoft.Data.SqlClient 7", "Microsoft.Data.SqlClient.Extensions.Azure 7"],
      tried: "not here",
      lines: `using Microsoft.Data.SqlClient;

var server = Environment.GetEnvironmentVariable("SERVER_NAME");
var name = Environment.GetEnvironmentVariable("DATABASE_NAME");
await using var database = new SqlConnection(
    $"Server=tcp:{server};Database={name};Encrypt=True;Authentication=Active Directory Default");
await database.OpenAsync();`,
    },
    go: {
      needs: ["github.com/microsoft/go-mssqldb 1.11"],
      tried: "where installed",
      lines: `import "github.com/microsoft/go-mssqldb/azuread"

database, err := sql.Open(azuread.DriverName, fmt.Sprintf(
	"server=%s;database=%s;encrypt=true;fedauth=ActiveDirectoryDefault",
	os.Getenv("SERVER_NAME"), os.Getenv("DATABASE_NAME")))`,
    },
  },
};

const postgresScope = "https://ossrdbms-aad.database.windows.net/.default";

/** The password is a token, and a driver that asks for it again gets a fresh one. Most drivers read PGHOST and its like by themselves. */
export const postgresql: Driver = {
  noun: "PostgreSQL schema",
  logins: {
    node: {
      needs: ["pg 8", "@azure/identity 4.14"],
      tried: "every run",
      lines: `import { DefaultAzureCredential } from "@azure/identity";
import pg from "pg";

const credential = new DefaultAzureCredential({ disableInstanceDiscovery: true });
// pg reads PGHOST, PGPORT, PGDATABASE and PGUSER.
const pool = new pg.Pool({
  password: async () => (await credential.getToken("${postgresScope}")).token,
  ssl: true,
});`,
    },
    python: {
      needs: ["psycopg 3.3", "azure-identity 1.27"],
      tried: "where installed",
      lines: `import psycopg
from azure.identity import DefaultAzureCredential

credential = DefaultAzureCredential()
# libpq reads PGHOST, PGPORT, PGDATABASE and PGUSER.
database = psycopg.connect(
    password=credential.get_token("${postgresScope}").token,
    sslmode="verify-full",
    sslrootcert="system",
)`,
    },
    java: {
      needs: ["pgjdbc 42.7", "com.azure:azure-identity-extensions 1.2"],
      tried: "where installed",
      lines: `String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
    + "?user=" + System.getenv("PGUSER")
    // The certificates that Java trusts.
    + "&sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
    + "&authenticationPluginClassName=com.azure.identity.extensions.jdbc.postgresql.AzurePostgresqlAuthenticationPlugin";
Connection database = DriverManager.getConnection(url);`,
    },
    dotnet: {
      needs: ["Npgsql 9", "Azure.Identity 1.17"],
      tried: "not here",
      lines: `using Azure.Core;
using Azure.Identity;
using Npgsql;

var credential = new DefaultAzureCredential();
var scope = new TokenRequestContext(["${postgresScope}"]);
string Read(string name) => Environment.GetEnvironmentVariable(name);
var builder = new NpgsqlDataSourceBuilder(
    $"Host={Read("PGHOST")};Port={Read("PGPORT")};Database={Read("PGDATABASE")};Username={Read("PGUSER")};SSL Mode=VerifyFull");
builder.UsePasswordProvider(
    _ => credential.GetToken(scope).Token,
    async (_, cancel) => (await credential.GetTokenAsync(scope, cancel)).Token);
await using var pool = builder.Build();`,
    },
    go: {
      needs: ["github.com/jackc/pgx/v5", "github.com/Azure/azure-sdk-for-go/sdk/azidentity 1.15"],
      tried: "where installed",
      lines: `credential, err := azidentity.NewDefaultAzureCredential(nil)
// pgx reads PGHOST, PGPORT, PGDATABASE and PGUSER.
config, err := pgxpool.ParseConfig("sslmode=verify-full")
config.BeforeConnect = func(ctx context.Context, connection *pgx.ConnConfig) error {
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"${postgresScope}"}})
	connection.Password = token.Token
	return err
}
pool, err := pgxpool.NewWithConfig(ctx, config)`,
    },
  },
};
