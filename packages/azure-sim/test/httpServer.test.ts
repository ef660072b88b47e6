import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createFaults } from "../src/faults.ts";
import { startHttpServer } from "../src/httpServer.ts";
import { createCertificate } from "../src/tls.ts";

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

test("refuses by the head alone, before the body has arrived", async () => {
  const refuse = () => ({ status: 403 });
  const server = await startHttpServer({ faults: createFaults(), open, refuse });
  const sent = request(server.url, { method: "POST" });
  sent.on("error", () => undefined).write("never ends");

  const [answer]: IncomingMessage[] = await once(sent, "response");

  expect(answer?.statusCode).toBe(403);
  sent.destroy();
  await server.close();
});

test("keeps no more of a body than its limit", async () => {
  const body = { most: 1_000, tooLarge: { status: 413 } };
  const server = await startHttpServer({ faults: createFaults(), open, body });
  const post = (length: number) => fetch(server.url, { method: "POST", body: "x".repeat(length) });

  const { status } = await post(1_000);
  const { status: over } = await post(1_001);
  const { status: farOver } = await post(10_000_000);

  expect([status, over, farOver]).toEqual([200, 413, 413]);
  await server.close();
});
