/**
 * A client's connection: TLS, the start and the token are ours; from then on every message goes to the real server and back. What
 * a client sends up to the point where it waits for an answer is one call.
 */
import { connect, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Effect, Faults } from "../faults.ts";
import { nameStatement } from "./statements.ts";
import {
  askForPassword,
  type Message,
  MessageReader,
  ProtocolError,
  readParameters,
  readString,
  requestCodes,
  type ServerError,
  type StartPacket,
  writeError,
  writeMessage,
  writeReady,
} from "./wire.ts";

export interface FrontContext {
  /** The alias, for faults. */
  readonly server: string;
  readonly faults: Faults;
  readonly secureContext: SecureContext;
  readonly socketPath: string;
  /** Undefined if the token lets its bearer in as this role. */
  refusalOf(role: string, token: string): Promise<ServerError | undefined>;
  /** Before a statement that asks who is in the tenant. */
  beforeCreatingPrincipal(): Promise<void>;
}

type ActedEffect = Exclude<Effect, { kind: "delay" }> | undefined;

const tlsHandshake = 0x16;

export function serveConnection(socket: Socket, context: FrontContext): void {
  const connection = new Connection(socket, context);
  socket.once("data", (chunk) => void connection.begin(chunk));
  socket.on("error", () => socket.destroy());
}

/** At these a client waits for the server: a query, a function call, the end of extended messages, a flush. */
const waitsAfter = new Set(["Q", "F", "S", "H"]);

class Connection {
  readonly #socket: Socket;
  readonly #context: FrontContext;
  readonly #fromClient = new MessageReader();
  readonly #fromServer = new MessageReader();
  readonly #statements = new Map<string, string>();
  #stream: TLSSocket | undefined;
  #start: StartPacket | undefined;
  #backend: Socket | undefined;
  #database = "";
  #pending: Message[] = [];
  /** Calls that arrived and have not been sent on, one after another. */
  #work: Promise<void> = Promise.resolve();
  #transaction = "I";
  /** Told at the next ReadyForQuery, whose call is not to be answered. */
  #withheld: (() => void) | undefined;

  constructor(socket: Socket, context: FrontContext) {
    this.#socket = socket;
    this.#context = context;
    socket.once("close", () => {
      this.#backend?.destroy();
      this.#withheld?.();
    });
  }

  /** A client asks for TLS, and waits; with direct TLS it does not ask. */
  async begin(chunk: Buffer): Promise<void> {
    try {
      if (chunk[0] === tlsHandshake) {
        this.#socket.unshift(chunk);
        return this.#startTls();
      }
      const reader = new MessageReader();
      reader.append(chunk);
      const packet = reader.nextStart();
      if (!packet) throw new ProtocolError("a start in pieces");
      if (packet.code === requestCodes.tls) {
        this.#socket.write("S");
        return this.#startTls();
      }
      if (packet.code === requestCodes.gssEncryption) {
        this.#socket.write("N");
        this.#socket.once("data", (next) => void this.begin(next));
        return;
      }
      if (packet.code === requestCodes.cancel) return this.#passOnCancel(packet);
      const parameters = readParameters(packet);
      const who = `user "${parameters.get("user")}", database "${parameters.get("database")}"`;
      const message = `no pg_hba.conf entry for host "127.0.0.1", ${who}, no encryption`;
      this.#socket.end(writeError({ severity: "FATAL", code: "28000", message }));
    } catch (error) {
      this.#fail(error);
    }
  }

  #startTls(): void {
    const stream = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: this.#context.secureContext,
      ALPNProtocols: ["postgresql"],
    });
    this.#stream = stream;
    stream.on("error", () => this.#socket.destroy());
    stream.on("data", (chunk: Buffer) => {
      this.#fromClient.append(chunk);
      // In order: what follows a message may be here before that one is dealt with.
      this.#work = this.#work.then(() => this.#receive()).catch((error: unknown) => this.#fail(error));
    });
  }

  async #receive(): Promise<void> {
    if (!this.#start) {
      const packet = this.#fromClient.nextStart();
      if (!packet) return;
      if (packet.code === requestCodes.cancel) return this.#passOnCancel(packet);
      this.#start = packet;
      const parameters = readParameters(packet);
      this.#database = parameters.get("database") ?? parameters.get("user") ?? "";
      this.#send(askForPassword());
    }
    for (let message = this.#fromClient.next(); message; message = this.#fromClient.next()) {
      if (this.#backend) await this.#handle(this.#backend, message);
      else await this.#logIn(this.#start, message);
    }
  }

  async #logIn(start: StartPacket, { type, body }: Message): Promise<void> {
    if (type !== "p") throw new ProtocolError(`${type} instead of a password`);
    const role = readParameters(start).get("user") ?? "";
    const effect = await this.#meet("LOGIN");
    if (effect?.kind === "hang") return this.#hang();
    if (effect?.kind === "cutBefore" || effect?.kind === "cutAfter") return this.#cut();
    if (effect?.kind === "garbage") return this.#sendGarbage();
    const refusal =
      effect?.kind === "error" ? injected(effect, "FATAL") : await this.#context.refusalOf(role, readString(body));
    if (refusal) {
      this.#stream?.end(writeError(refusal));
      return;
    }
    const backend = connect(this.#context.socketPath);
    backend.on("error", () => this.#socket.destroy());
    backend.on("close", () => this.#stream?.end());
    backend.on("data", (chunk) => this.#answer(chunk));
    backend.write(start.bytes);
    this.#backend = backend;
  }

  async #handle(backend: Socket, message: Message): Promise<void> {
    if (message.type === "X") {
      backend.end(message.bytes);
      return;
    }
    this.#pending.push(message);
    if (!waitsAfter.has(message.type)) return;
    const call = this.#pending;
    this.#pending = [];
    const statement = this.#statementOf(call);
    const isPrepared = call.some(({ type }) => type === "E" || type === "Q");
    const effect = isPrepared ? await this.#meet(nameStatement(statement)) : undefined;
    if (effect?.kind === "hang") return this.#hang();
    if (effect?.kind === "cutBefore") return this.#cut();
    if (effect?.kind === "error") {
      const isOpen = this.#transaction !== "I";
      return this.#send(Buffer.concat([writeError(injected(effect, "ERROR")), writeReady(isOpen ? "E" : "I")]));
    }
    if (/pgaadauth_create_principal/i.test(statement)) await this.#context.beforeCreatingPrincipal();
    const answered = effect ? this.#withhold() : undefined;
    backend.write(Buffer.concat(call.map(({ bytes }) => bytes)));
    await answered;
    if (effect?.kind === "cutAfter") this.#cut();
    if (effect?.kind === "garbage") this.#sendGarbage();
  }

  /** Of a simple query, or the one that was parsed earlier under the name that is executed. */
  #statementOf(call: readonly Message[]): string {
    const texts = call.flatMap(({ type, body }) => {
      if (type === "Q") return [readString(body)];
      if (type === "P") {
        const name = readString(body);
        const text = readString(body, Buffer.byteLength(name) + 1);
        this.#statements.set(name, text);
        return [text];
      }
      if (type !== "B") return [];
      const portal = readString(body);
      return [this.#statements.get(readString(body, Buffer.byteLength(portal) + 1)) ?? ""];
    });
    return texts[0] ?? "";
  }

  /** Resolves when the server is ready again; what it said is not sent on. */
  async #withhold(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#withheld = resolve;
    });
  }

  #answer(chunk: Buffer): void {
    this.#fromServer.append(chunk);
    for (let message = this.#fromServer.next(); message; message = this.#fromServer.next()) {
      if (message.type === "Z") this.#transaction = message.body.toString("latin1");
      const withheld = this.#withheld;
      if (!withheld) this.#send(message.bytes);
      else if (message.type === "Z") {
        this.#withheld = undefined;
        withheld();
      }
    }
  }

  #meet(operation: string): Promise<ActedEffect> {
    const { server, faults } = this.#context;
    return faults.meet({ wire: "postgres", operation, target: `${server}/${this.#database}` });
  }

  #passOnCancel({ bytes }: StartPacket): void {
    const backend = connect(this.#context.socketPath, () => backend.end(bytes));
    backend.on("error", () => undefined);
    backend.on("close", () => this.#socket.end());
    backend.resume();
  }

  #send(bytes: Buffer): void {
    if (this.#stream?.writable) this.#stream.write(bytes);
  }

  #sendGarbage(): void {
    this.#send(writeMessage("!", Buffer.from("not a message of this protocol")));
    this.#stream?.end();
  }

  #cut(): void {
    this.#socket.destroy();
  }

  async #hang(): Promise<void> {
    if (!this.#socket.destroyed) await new Promise((resolve) => this.#socket.once("close", resolve));
  }

  /** Nothing that a client sends can do more than end its connection. */
  #fail(error: unknown): void {
    this.#socket.destroy();
    if (!(error instanceof ProtocolError)) console.error("PostgreSQL simulator: a connection failed", error);
  }
}

/** Codes are SQLSTATEs: five letters and digits. */
function injected(
  { code, message }: { code: string | number; message?: string },
  severity: "FATAL" | "ERROR",
): ServerError {
  const state = String(code);
  if (!/^[0-9A-Z]{5}$/.test(state))
    throw new Error(`A fault on the PostgreSQL wire needs an SQLSTATE as code, not "${code}".`);
  return { severity, code: state, message: message ?? "Scripted fault." };
}
