import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createFaults } from "../../../local/simulators/faults.ts";
import { startHttpServer } from "../../../local/simulators/httpServer.ts";
import { createCertificate } from "../../../local/simulators/tls.ts";

const open = () => ({ call: undefined, run: () => ({ status: 200 }), fail: () => ({ status: 500 }) });

test("closes a connection that never finished its TLS handshake", async () => {
  const server = await startHttpServer({ tls: await createCertificate(), faults: createFaults(), open });
  const socket = connect(server.port, "127.0.0.1");
  const closed = once(socket, "close");
  await once(socket, "connect");

  await server.close();

  await expect(closed).resolves.toBeDefined();
});

test("reports a port that is in use", async () => {
  const first = await startHttpServer({ faults: createFaults(), open });

  await expect(startHttpServer({ port: first.port, faults: createFaults(), open })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  await first.close();
});
