import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { expect, test } from "vitest";
import { createCertificate } from "../src/tls.ts";

test("two certificates can be trusted by one process", async () => {
  const certificates = [await createCertificate(), await createCertificate()];
  tls.setDefaultCACertificates([
    ...tls.getCACertificates("default"),
    ...certificates.map(({ certificate }) => certificate),
  ]);

  for (const { certificate, privateKey } of certificates) {
    const server = createServer({ cert: certificate, key: privateKey }, (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;

    const status = await new Promise((resolve, reject) =>
      get({ port, host: "127.0.0.1", agent: false }, ({ statusCode }) => resolve(statusCode)).on("error", reject),
    );

    expect(status).toBe(200);
    server.close();
    server.closeAllConnections();
  }
});
