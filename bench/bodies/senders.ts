/** The senders: `senders.ts <url> announced|chunked|large <count>`. Nobody of them has a key. Sends a message when all have begun. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [address = "", how, count = "1"] = process.argv.slice(2);
const { port, host } = new URL(address);
const megabyte = Buffer.alloc(1_000_000, "x");
const head = (framing: string) =>
  `POST /api/onboardings/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;

const sockets: Socket[] = [];
const answers = new Map<string, number>();
let begun = performance.now();

async function open(): Promise<Socket> {
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  sockets.push(socket);
  return socket;
}

// Listeners accept so many at a time.
for (let left = Number(count); left > 0; left -= 100)
  await Promise.all(Array.from({ length: Math.min(left, 100) }, open));

if (how === "large") {
  begun = performance.now();
  for (const socket of sockets) {
    socket.once("data", (data) => {
      const status = /^HTTP\/1.1 (\d+)/.exec(data.toString())?.[1] ?? "?";
      answers.set(status, (answers.get(status) ?? 0) + 1);
      socket.destroy();
    });
    socket.write(head(`Content-Length: ${megabyte.length}`));
    socket.write(megabyte);
  }
  process.send?.("begun");
  await Promise.all(sockets.map((socket) => once(socket, "close")));
  process.send?.({ ...Object.fromEntries(answers), seconds: Math.round(performance.now() - begun) / 1_000 });
} else {
  const framing = how === "chunked" ? "Transfer-Encoding: chunked" : "Content-Length: 60000";
  const piece = "x".repeat(500);
  for (const socket of sockets) socket.write(head(framing));
  process.send?.("begun");
  for (;;) {
    for (const socket of sockets) if (socket.writable) socket.write(how === "chunked" ? `1f4\r\n${piece}\r\n` : piece);
    await sleep(1_000);
  }
}
