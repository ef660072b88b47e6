/** Input that none of our clients sends: truncated, mangled and random bytes. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";
import { headers, login7, openStrict } from "../../../../test/support/tds.ts";
import { ProtocolError } from "../../src/sql/bytes.ts";
import { parseBatch } from "../../src/sql/engine/parser.ts";
import { SqlError } from "../../src/sql/errors.ts";
import { readFedAuthToken, readLogin7 } from "../../src/sql/login7.ts";
import { type Message, PacketReader, packetType, toPackets } from "../../src/sql/packets.ts";
import { readPrelogin } from "../../src/sql/prelogin.ts";
import { readBatch, readRpc, readTransactionRequest } from "../../src/sql/rpc.ts";
import { featureAck, fedAuthInfo } from "../../src/sql/tokens.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: "max" }).map((array) => Buffer.from(array));
const text = (value: string) => Buffer.from(value, "utf16le");

/** sp_executesql with one nvarchar, one int and one nvarchar(max) parameter, from a wire trace of tedious. */
const rpc = Buffer.concat([
  headers,
  Buffer.from("ffff0a000000", "hex"),
  Buffer.from("0000e710000904d000340c00", "hex"),
  text("SELECT"),
  Buffer.from("024000610000260404", "hex"),
  Buffer.from("2a000000", "hex"),
  Buffer.from("0000e7ffff0904d00034feffffffffffffff0200000041000000000000", "hex"),
]);

describe("readers of client messages", () => {
  const cases: [name: string, read: (body: Buffer) => unknown, seed: Buffer][] = [
    ["PRELOGIN", readPrelogin, Buffer.from("00001a00060100200001020021000103002200000400220001ff", "hex")],
    ["LOGIN7", readLogin7, login7({ user: "sa", password: "secret", database: "orders" })],
    ["the token message", readFedAuthToken, Buffer.from("080000000400000061006200", "hex")],
    ["a batch", readBatch, Buffer.concat([headers, text("SELECT 1")])],
    ["an RPC", readRpc, rpc],
    ["a transaction request", readTransactionRequest, Buffer.concat([headers, Buffer.from([5, 0])])],
  ];

  it.each(cases)(
    "read %s with any contents, or fail with only an error for the connection or the request",
    (_name, read, seed) => {
      const attempt = (body: Buffer) => {
        try {
          read(body);
        } catch (error) {
          expect(error instanceof ProtocolError || error instanceof SqlError, String(error)).toBe(true);
        }
      };
      const cut = fc.nat(seed.length).map((length) => seed.subarray(0, length));
      const mangled = fc
        .array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
        .map((changes) => {
          const copy = Buffer.from(seed);
          for (const [at, byte] of changes) copy[at] = byte;
          return copy;
        });

      fc.assert(fc.property(fc.oneof(bytes(300), cut, mangled), attempt), { numRuns: 3_000 });
    },
  );

  it("read back the contents of a login", () => {
    expect(readLogin7(login7({ user: "sä", password: "p漢'\u00a5", database: "orders" }))).toMatchObject({
      user: "sä",
      password: "p漢'\u00a5",
      database: "orders",
      tdsVersion: 0x74000004,
      packetSize: 4096,
      fedAuth: undefined,
    });
  });

  it("parse any text into statements or a numbered error", () => {
    const word = fc.constantFrom(
      ..."SELECT FROM WHERE ( ) , ; . * = 'x' N'y' [a] @a 0x0F 1 IF BEGIN END ELSE CREATE USER WITH SID TYPE E DROP ALTER ROLE ADD MEMBER GRANT EXECUTE TO EXEC INSERT VALUES UPDATE SET DELETE TABLE int CASE WHEN THEN CAST AS :: - NOT NULL".split(
        " ",
      ),
    );
    const statements = fc.array(word, { maxLength: 25 }).map((words) => words.join(" "));

    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), statements), (batch) => {
        try {
          parseBatch(batch);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(SqlError);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("federated login tokens, which no independent client checks", () => {
  it("have the layout of MS-TDS 2.2.7.11 and 2.2.7.12, byte for byte", () => {
    expect(fedAuthInfo({ stsUrl: "u", spn: "s!" }).toString("hex")).toBe(
      [
        "ee", // FEDAUTHINFO
        "1c000000", // 28 bytes follow
        "02000000", // two options
        "010200000016000000", // STSURL: 2 bytes, 22 from the count
        "020400000018000000", // SPN: 4 bytes, 24 from the count
        "7500",
        "73002100",
      ].join(""),
    );
    expect(featureAck({ fedAuth: true, utf8: true }).toString("hex")).toBe(
      ["ae", "0200000000", "0a0100000001", "ff"].join(""),
    );
    expect(featureAck({ fedAuth: false, utf8: false })).toHaveLength(0);
  });
});

describe("packets", () => {
  it("transfer any messages in packets of any size, however the network splits them", () => {
    const message = fc.record({ type: fc.constantFrom(1, 3, 16), body: bytes(5_000) });

    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 4 }),
        fc.integer({ min: 512, max: 1_000 }),
        fc.integer({ min: 1, max: 700 }),
        (messages, packetSize, chunkSize) => {
          const stream = Buffer.concat(messages.map(({ type, body }) => toPackets(type, body, packetSize)));
          const reader = new PacketReader();
          const read: Message[] = [];
          for (let at = 0; at < stream.length; at += chunkSize) {
            reader.append(stream.subarray(at, at + chunkSize));
            for (let next = reader.next({ maxBytes: 10_000 }); next; next = reader.next({ maxBytes: 10_000 }))
              read.push(next);
          }
          expect(read.map(({ type, body }) => ({ type, body }))).toEqual(messages);
          expect(reader.takeRest()).toHaveLength(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("of an oversized message end the read before it is buffered", () => {
    const reader = new PacketReader();
    reader.append(toPackets(1, Buffer.alloc(2_000), 512));

    expect(() => reader.next({ maxBytes: 1_000 })).toThrow(ProtocolError);
  });
});

describe("a server with hostile clients", () => {
  let sandbox: SqlSandbox;
  let complaint: ReturnType<typeof vi.spyOn>;
  beforeAll(async () => {
    sandbox = await startSqlSandbox({ sqlLogins: { sa: "secret" } });
  });
  beforeEach(() => {
    complaint = vi.spyOn(console, "error");
  });
  afterEach(() => complaint.mockRestore());
  afterAll(() => sandbox.close());

  const samples = <Value>(arbitrary: fc.Arbitrary<Value>, count: number) =>
    fc.sample(arbitrary, { numRuns: count, seed: 7 });

  async function stillServes(): Promise<void> {
    await expect.poll(() => sandbox.simulator.connections).toBe(0);
    const pool = await sandbox.connect(sandbox.admin);
    await expect(pool.request().query("SELECT 2 AS n")).resolves.toMatchObject({ recordset: [{ n: 2 }] });
    await pool.close();
    expect(complaint).not.toHaveBeenCalled();
  }

  it("survives 300 connections that begin with random bytes", async () => {
    const first = fc.constantFrom(0x12, 0x12, 0x16, 0x10, 0x01, 0x00);
    const packet = fc.tuple(first, bytes(400)).map(([type, body]) => toPackets(type, body, 512));
    const opening = fc.oneof(
      packet,
      bytes(100),
      fc.tuple(first, bytes(60)).map(([type, rest]) => Buffer.concat([Buffer.of(type), rest])),
    );

    await Promise.all(
      samples(opening, 300).map(async (sent) => {
        const socket = connect(sandbox.simulator.port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.end(sent);
        socket.resume();
        await new Promise((resolve) => socket.once("close", resolve));
      }),
    );

    await stillServes();
  });

  async function talk(socket: TLSSocket, sent: Buffer): Promise<void> {
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.end(sent);
    socket.resume();
    await closed;
  }

  it("survives 60 clients that send nonsense inside TLS before they have logged in", async () => {
    const seed = login7({ user: "sa", password: "secret", database: "orders" });
    const cut = fc.nat(seed.length).map((length) => toPackets(packetType.login7, seed.subarray(0, length), 512));
    const packet = fc.tuple(fc.nat(20), bytes(300)).map(([type, body]) => toPackets(type, body, 512));

    await Promise.all(
      samples(fc.oneof(cut, packet, bytes(200)), 60).map(async (sent) =>
        talk(await openStrict(sandbox.simulator.port), sent),
      ),
    );

    await stillServes();
  });

  it("survives 60 clients that send nonsense after they have logged in", async () => {
    const login = toPackets(packetType.login7, login7({ user: "sa", password: "secret", database: "orders" }), 4096);
    const cut = fc.nat(rpc.length).map((length) => toPackets(packetType.rpc, rpc.subarray(0, length), 512));
    const packet = fc.tuple(fc.nat(20), bytes(300)).map(([type, body]) => toPackets(type, body, 512));
    const request = fc
      .tuple(
        fc.constantFrom(packetType.batch, packetType.rpc, packetType.transactionManager, packetType.attention),
        bytes(300),
      )
      .map(([type, body]) => toPackets(type, Buffer.concat([headers, body]), 512));

    await Promise.all(
      samples(fc.oneof(cut, packet, request), 60).map(async (sent) => {
        const socket = await openStrict(sandbox.simulator.port);
        socket.write(login);
        await once(socket, "data");
        await talk(socket, sent);
      }),
    );

    await stillServes();
  });

  it("reads a PRELOGIN split at any position, even where the next byte looks like TLS", async () => {
    // ENCRYPTION is 01, then the end of the list, then data that contains 0x16.
    const body = Buffer.from("01000b000105000c0001ff0116", "hex");
    const packet = toPackets(packetType.prelogin, body, 512);
    expect(packet.at(-1)).toBe(0x16);
    const socket = connect({ port: sandbox.simulator.port, host: "127.0.0.1", noDelay: true });
    socket.write(packet.subarray(0, -1));
    await setTimeout(30);
    socket.write(packet.subarray(-1));

    const [answer] = await once(socket, "data");

    expect(answer[0]).toBe(packetType.reply);
    socket.destroy();
    await stillServes();
  });

  it("disconnects a client that announces an oversized message", async () => {
    const socket = await openStrict(sandbox.simulator.port);
    const piece = Buffer.alloc(32_000);
    piece.writeUInt8(packetType.login7, 0);
    piece.writeUInt16BE(piece.length, 2);

    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (let sent = 0; sent < 20; sent++) socket.write(piece);
    socket.resume();

    await closed;
    await stillServes();
  });
});
