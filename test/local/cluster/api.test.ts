import { once } from "node:events";
import { createServer } from "node:https";
import { expect, test } from "vitest";
import { createApi } from "../../../local/cluster/api.ts";
import { createCertificate } from "../../../local/simulators/tls.ts";

test("sends the options of a deletion, and keeps the connection", async () => {
  const tls = await createCertificate();
  const arrived: string[] = [];
  const server = createServer({ key: tls.privateKey, cert: tls.certificate }, (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    request.on("end", () => {
      arrived.push(`${request.method} ${request.url} ${body}`);
      response.end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const api = createApi({ url: `https://127.0.0.1:${port}`, ca: tls.certificate, token: "t" });

  await api.remove("/pods/a", { gracePeriodSeconds: 0 });
  await api.get("/pods");

  expect(arrived).toEqual(['DELETE /pods/a {"gracePeriodSeconds":0}', "GET /pods "]);
  api.close();
  server.close();
});
