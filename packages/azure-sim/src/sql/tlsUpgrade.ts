/**
 * TLS on a TDS connection, in its two forms. TDS 7.x sends the handshake *inside* PRELOGIN packets and everything after it
 * without wrapping (MS-TDS 3.2.5.1); TDS 8.0 ("strict") is plain TLS from the first byte, identified by its ALPN name.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Certificate } from "../tls.ts";
import { ProtocolError } from "./bytes.ts";
import { limits } from "./limits.ts";
import { headerBytes, packetType, toPackets } from "./packets.ts";

/** What the TLS engine reads and writes instead of the socket. */
class Transport extends Duplex {
  readonly #socket: Socket;
  #isWrapped: boolean;
  #incoming: Buffer = Buffer.alloc(0);
  #outgoing: Buffer[] = [];

  constructor(socket: Socket, { isWrapped }: { isWrapped: boolean }) {
    super();
    this.#socket = socket;
    this.#isWrapped = isWrapped;
  }

  /** Receives bytes from the client. */
  receive(chunk: Buffer): void {
    if (!this.#isWrapped) {
      this.push(chunk);
      return;
    }
    this.#incoming = Buffer.concat([this.#incoming, chunk]);
    for (;;) {
      const first = this.#incoming[0];
      if (first === undefined) return;
      // A TLS record instead of a PRELOGIN packet: the wrapped part of the handshake is over for the client.
      if (first >= 0x14 && first <= 0x17) {
        this.#isWrapped = false;
        this.push(this.#incoming);
        this.#incoming = Buffer.alloc(0);
        return;
      }
      if (first !== packetType.prelogin) throw new ProtocolError(`packet of type ${first} during the TLS handshake`);
      if (this.#incoming.length < headerBytes) return;
      const length = this.#incoming.readUInt16BE(2);
      if (length < headerBytes) throw new ProtocolError(`packet of ${length} bytes`);
      if (this.#incoming.length < length) return;
      this.push(this.#incoming.subarray(headerBytes, length));
      this.#incoming = this.#incoming.subarray(length);
    }
  }

  override _read(): void {
    // No flow control: the handshake and the requests of a client are small.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#isWrapped) {
      this.#socket.write(chunk, done);
      return;
    }
    // tedious reads exactly one message per flight: unless all of a flight's records are sent as one message, both sides
    // wait for each other.
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush());
    this.#outgoing.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #flush(): void {
    const flight = Buffer.concat(this.#outgoing);
    this.#outgoing = [];
    if (this.#socket.writable) this.#socket.write(toPackets(packetType.prelogin, flight, limits.packetSize.default));
  }
}

export interface TlsContexts {
  readonly tds7: SecureContext;
  readonly tds8: SecureContext;
}

export function createTlsContexts({ certificate: cert, privateKey: key }: Certificate): TlsContexts {
  return {
    // TLS 1.3 sends session tickets after the handshake, for which TDS 7.x has no place.
    tds7: createSecureContext({ cert, key, maxVersion: "TLSv1.2" }),
    tds8: createSecureContext({ cert, key }),
  };
}

export interface TlsUpgrade {
  /** The decrypted stream, in both directions. */
  readonly stream: TLSSocket;
  receive(chunk: Buffer): void;
}

export function upgradeToTls(socket: Socket, contexts: TlsContexts, mode: "tds7" | "tds8"): TlsUpgrade {
  const transport = new Transport(socket, { isWrapped: mode === "tds7" });
  const stream = new TLSSocket(transport, {
    isServer: true,
    secureContext: contexts[mode],
    ...(mode === "tds8" && { ALPNProtocols: ["tds/8.0"] }),
  });
  return { stream, receive: (chunk) => transport.receive(chunk) };
}
