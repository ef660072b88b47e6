/** What stands in front of a real API server passes a request on as it arrived: here, to a server that says what it got. */
import { once } from "node:events";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { createFaults } from "azure-sim/faults";
import { type Certificate, createCertificate } from "azure-sim/tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createForward, type Forward } from "../../src/apiServer/forward.ts";
import { createListener, type Listener } from "../../src/kubernetes/server.ts";

let tls: Certificate;
let behind: Server;
let forward: Forward;
let front: Listener;
let port: number;

beforeAll(async () => {
  tls = await createCertificate();
  behind = createServer({ cert: tls.certificate, key: tls.privateKey }, ({ rawHeaders }, response) => {
    response.writeHead(200, ["warning", "299 - one", "warning", "299 - two, three"]).end(JSON.stringify(rawHeaders));
  });
  behind.on("upgrade", (incoming, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers.upgrade}\r\n\r\n`,
    );
    socket.on("data", (chunk: Buffer) => socket.write(`got ${chunk.toString()}`));
  });
  behind.listen(0, "127.0.0.1");
  await once(behind, "listening");
  const url = `https://127.0.0.1:${(behind.address() as AddressInfo).port}`;
  forward = createForward({ url, ca: tls.certificate });
  const { settle, upgrade } = forward;
  front = createListener({ cluster: "test", tls, faults: createFaults(), adminToken: "own", settle, upgrade });
  port = await front.listen(0);
});
afterAll(async () => {
  forward.close();
  await front.close();
  behind.closeAllConnections();
  behind.close();
});

const options = () => ({ host: "127.0.0.1", port, ca: tls.certificate, agent: false as const });

test("keeps headers apart that are there more than once: each is a group of its own", async () => {
  const headers = ["host", "front", "Impersonate-User", "ann", "Impersonate-Group", "g1", "Impersonate-Group", "g2"];
  const sent = request({ ...options(), path: "/api", headers }).end();
  const [answer] = await once(sent, "response");
  const got: string[] = JSON.parse((await answer.toArray()).join(""));
  const groups = got.filter((_, index) => got[index - 1] === "Impersonate-Group");
  expect(groups).toEqual(["g1", "g2"]);
  expect(got).not.toContain("front");
  const warnings = answer.rawHeaders.filter((_: string, index: number) => answer.rawHeaders[index - 1] === "warning");
  expect(warnings).toEqual(["299 - one", "299 - two, three"]);
});

test("lets a client change the protocol", async () => {
  const sent = request({ ...options(), path: "/exec", headers: { connection: "Upgrade", upgrade: "SPDY/3.1" } }).end();
  const [answer, socket] = await once(sent, "upgrade");
  expect(answer.statusCode).toBe(101);
  expect(answer.headers.upgrade).toBe("SPDY/3.1");
  socket.write("hello");
  const [echo] = await once(socket, "data");
  expect(String(echo)).toBe("got hello");
  socket.destroy();
});
