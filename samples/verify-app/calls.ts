/** For each kind, the call by which a target is proven: it only reads, and brings no secret here. Other kinds have none. */
import { read } from "./http.ts";
import { readPostgres } from "./postgres.ts";
import { peekServiceBus } from "./serviceBus.ts";
import type { Result, Target } from "./targets.ts";

type Call = (fields: Readonly<Record<string, string>>) => Promise<Result | undefined>;

const storage = { resource: "https://storage.azure.com", what: "storage", headers: { "x-ms-version": "2023-11-03" } };
/** learn.microsoft.com "Access control on Azure Cosmos DB Resources". */
const cosmos = {
  resource: "https://cosmos.azure.com",
  what: "Cosmos DB",
  authorize: (token: string) => encodeURIComponent(`type=aad&ver=1.0&sig=${token}`),
};
const configuration = { resource: "https://azconfig.io", what: "App Configuration" };
const models = { resource: "https://cognitiveservices.azure.com", what: "Azure OpenAI" };
const vault = { resource: "https://vault.azure.net", what: "the key vault" };

const calls: Readonly<Record<string, Call>> = {
  storageBlob: ({ endpoint, container }) =>
    read({
      ...storage,
      url: container
        ? `${endpoint}/${container}?restype=container&comp=list&maxresults=1`
        : `${endpoint}/?comp=list&maxresults=1`,
    }),
  storageQueue: ({ endpoint, queue }) =>
    read({
      ...storage,
      url: queue
        ? `${endpoint}/${queue}/messages?peekonly=true&numofmessages=1`
        : `${endpoint}/?comp=list&maxresults=1`,
    }),
  storageTable: ({ endpoint, table }) =>
    read({
      ...storage,
      headers: { ...storage.headers, accept: "application/json;odata=nometadata" },
      url: table ? `${endpoint}/${table}()?$top=1` : `${endpoint}/Tables?$top=1`,
    }),
  // The names of versions: the secret itself stays where it is.
  keyVaultSecrets: ({ endpoint, secret }) =>
    read({
      ...vault,
      url: secret
        ? `${endpoint}/secrets/${secret}/versions?api-version=7.4&maxresults=1`
        : `${endpoint}/secrets?api-version=7.4&maxresults=1`,
    }),
  // What the container is: whoever may read its items may read that, and an account lets nobody else.
  cosmosNoSql: ({ endpoint, database, container }) =>
    read({
      ...cosmos,
      headers: { "x-ms-version": "2018-12-31", "x-ms-date": new Date().toUTCString().toLowerCase() },
      url: [
        endpoint,
        ...(database ? ["dbs", encodeURIComponent(database)] : [""]),
        ...(container ? ["colls", encodeURIComponent(container)] : []),
      ].join("/"),
    }),
  // The names of keys, without their values.
  appConfiguration: ({ endpoint }) => read({ ...configuration, url: `${endpoint}/keys?name=*&api-version=2023-11-01` }),
  // Which models there are: nothing is asked of one.
  openAi: ({ endpoint }) => read({ ...models, url: `${endpoint}/openai/models?api-version=2024-10-21` }),
  serviceBus: peekServiceBus,
  postgresql: readPostgres,
};

/** Undefined where no call only reads. */
export async function tryTarget({ kind, fields }: Target): Promise<Result | undefined> {
  return Object.hasOwn(calls, kind) ? await calls[kind]?.(fields) : undefined;
}
