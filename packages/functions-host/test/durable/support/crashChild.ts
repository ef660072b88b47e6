/**
 * A host in its own process, so that it can be killed. Arguments: the app's folder and the store's. It serves the
 * durable API, prints its URL, and ends with its standard input.
 */
import { flushCompileCache } from "node:module";
import { createDurableExtension } from "../../../src/durable/extension.ts";
import { loadApp } from "../../../src/load.ts";
import { createLog } from "../../../src/log.ts";
import { serve } from "./serve.ts";

process.stdin.on("end", () => process.exit()).resume();
const [folder = "", directory = ""] = process.argv.slice(2);
const log = createLog({ filter: { default: "error" } });
const app = await loadApp(folder, { log });
const extension = createDurableExtension({ app, directory, baseUrl: () => server.url, key: "key", rpcKey: "rpc", log });
const server = await serve((call) => extension.handle(call, call.url.pathname.slice(1)));
extension.start();
console.log(server.url);
// Right away, because most of these hosts are killed before they could.
flushCompileCache();
