/**
 * A client's connection, from the first byte to the last: PRELOGIN, TLS, LOGIN7, then requests one after another.
 * An attention is the only message that is read while a request runs.
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Call, Effect } from "../faults.ts";
import { ProtocolError } from "./bytes.ts";
import type { Outcome } from "./engine/execute.ts";
import type { Session } from "./engine/session.ts";
import { defaultOptions } from "./engine/sessionOptions.ts";
import { endTransaction } from "./engine/transactions.ts";
import { deadlockVictim, injectedError, SqlError } from "./errors.ts";
import { limits } from "./limits.ts";
import { authenticate, writeFedAuthInfo, writeLoginReply } from "./login.ts";
import { type Login, readFedAuthToken, readLogin7 } from "./login7.ts";
import { type Message, PacketReader, packetType, toPackets } from "./packets.ts";
import { answerPrelogin, readPrelogin } from "./prelogin.ts";
import { writeAttentionAck, writeError, writeGarbage, writeGivenUp, writeReply } from "./reply.ts";
import {
  type PreparedTexts,
  type Request,
  readBatchRequest,
  readRpcRequest,
  readTransactionManagerRequest,
} from "./requests.ts";
import type { ServerContext } from "./serverContext.ts";
import { type TlsUpgrade, upgradeToTls } from "./tlsUpgrade.ts";
import { environment } from "./tokens.ts";

/** The first byte of TDS 8.0. In TDS 7.x, the first byte is a packet type. */
const tlsHandshake = 0x16;

type ActedEffect = Exclude<Effect, { kind: "delay" }> | undefined;

export function serveConnection(socket: Socket, context: ServerContext): void {
  const connection = new Connection(socket, context);
  socket.on("data", (chunk) => connection.receiveRaw(chunk));
  socket.on("error", () => socket.destroy());
  socket.on("close", () => connection.onClose());
}

class Connection {
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #reader = new PacketReader();
  readonly #queue: Message[] = [];
  readonly #prepared: PreparedTexts = new Map();
  readonly #transactionId = randomBytes(8);
  readonly #loginTimer: NodeJS.Timeout;
  #upgrade: TlsUpgrade | undefined;
  #stream: TLSSocket | undefined;
  #packetSize: number = limits.packetSize.default;
  #login: Login | undefined;
  #session: Session | undefined;
  #isBusy = false;
  /** Aborted by an attention or when the connection ends. */
  #running: AbortController | undefined;

  constructor(socket: Socket, context: ServerContext) {
    this.#socket = socket;
    this.#context = context;
    this.#loginTimer = setTimeout(() => socket.destroy(), limits.loginMs).unref();
  }

  receiveRaw(chunk: Buffer): void {
    this.#guard(() => {
      if (this.#upgrade) this.#upgrade.receive(chunk);
      else if (this.#reader.isEmpty && chunk[0] === tlsHandshake) this.#startTls("tds8").receive(chunk);
      else this.#receivePrelogin(chunk);
    });
  }

  onClose(): void {
    clearTimeout(this.#loginTimer);
    this.#running?.abort();
    this.#stream?.destroy();
    if (this.#session) endTransaction(this.#session, "rollback");
  }

  /** Answers PRELOGIN immediately: whatever follows it in the chunk is already TLS. */
  #receivePrelogin(chunk: Buffer): void {
    this.#reader.append(chunk);
    const message = this.#reader.next({ maxBytes: limits.preloginBytes });
    if (!message) return;
    if (message.type !== packetType.prelogin) throw new ProtocolError(`first message of type ${message.type}`);
    const answer = answerPrelogin(readPrelogin(message.body));
    this.#socket.write(toPackets(packetType.reply, answer, this.#packetSize));
    const upgrade = this.#startTls("tds7");
    const rest = this.#reader.takeRest();
    if (rest.length > 0) upgrade.receive(rest);
  }

  #startTls(mode: "tds7" | "tds8"): TlsUpgrade {
    const upgrade = upgradeToTls(this.#socket, this.#context.contexts, mode);
    this.#upgrade = upgrade;
    this.#stream = upgrade.stream;
    upgrade.stream.on("data", (chunk: Buffer) => this.#guard(() => this.#receiveClear(chunk)));
    upgrade.stream.on("error", () => this.#socket.destroy());
    upgrade.stream.on("end", () => this.#socket.end());
    return upgrade;
  }

  /** Nothing that a client sends can do more than end its connection. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#socket.destroy();
      if (!(error instanceof ProtocolError)) console.error("SQL simulator: a connection failed", error);
    }
  }

  #receiveClear(chunk: Buffer): void {
    this.#reader.append(chunk);
    for (;;) {
      const maxBytes = this.#session ? limits.messageBytes : limits.loginBytes;
      const message = this.#reader.next({ maxBytes });
      if (!message) return;
      if (message.type === packetType.attention) this.#onAttention();
      else this.#queue.push(message);
      void this.#drain();
    }
  }

  #onAttention(): void {
    if (this.#running) this.#running.abort();
    // The reply had already been sent when the attention arrived, which still needs its own reply.
    else this.#send(writeAttentionAck());
  }

  async #drain(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let message = this.#queue.shift(); message; message = this.#queue.shift()) await this.#handle(message);
    } catch (error) {
      this.#socket.destroy();
      if (!(error instanceof ProtocolError)) console.error("SQL simulator: a request failed", error);
    } finally {
      this.#isBusy = false;
    }
  }

  async #handle(message: Message): Promise<void> {
    if (this.#session) return this.#handleRequest(this.#session, message);
    switch (message.type) {
      case packetType.prelogin:
        return this.#send(answerPrelogin(readPrelogin(message.body)));
      case packetType.login7: {
        const login = readLogin7(message.body);
        this.#login = login;
        if (login.fedAuth?.kind === "adal") return this.#send(writeFedAuthInfo(this.#context));
        return this.#logIn(login, login.fedAuth?.token);
      }
      case packetType.fedAuthToken:
        if (this.#login?.fedAuth?.kind !== "adal") throw new ProtocolError("token without a login that wants one");
        return this.#logIn(this.#login, readFedAuthToken(message.body));
      default:
        throw new ProtocolError(`message of type ${message.type} before login`);
    }
  }

  async #logIn(login: Login, token: string | undefined): Promise<void> {
    const { server } = this.#context;
    const effect = await this.#meet("LOGIN", login.database);
    if (effect?.kind === "cutBefore") return this.#cut();
    if (effect?.kind === "hang") return this.#hang();
    try {
      if (effect?.kind === "error") throw injected(effect);
      const session = await authenticate(login, token, this.#context);
      if (effect?.kind === "cutAfter") return this.#cut();
      if (effect?.kind === "garbage") return this.#send(writeGarbage());
      const { smallest, largest, default: standard } = limits.packetSize;
      const size = login.packetSize === 0 ? standard : Math.min(Math.max(login.packetSize, smallest), largest);
      this.#send(writeLoginReply(login, { packetSize: size, server, database: session.database.name }));
      this.#packetSize = size;
      // One TLS record for each packet: SqlClient waits forever for a packet that continues in the next record.
      this.#stream?.setMaxSendFragment(size);
      this.#session = session;
      clearTimeout(this.#loginTimer);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.#send(writeError(error, server));
      this.#stream?.end();
    }
  }

  async #handleRequest(session: Session, message: Message): Promise<void> {
    if (message.isIgnored) return this.#send(writeGivenUp());
    const prefix = message.reset === "none" ? [] : [environment.reset()];
    if (message.reset !== "none") this.#reset(session, { keepsTransaction: message.reset === "keepTransaction" });
    const request = this.#readRequest(session, message);
    const running = new AbortController();
    this.#running = running;
    try {
      const reply = await this.#answer(request, running.signal);
      if (running.signal.aborted) {
        // Two messages: one ends the abandoned request, the other acknowledges the attention.
        this.#send(writeGivenUp());
        this.#send(writeAttentionAck());
      } else if (reply) this.#send(Buffer.concat([...prefix, reply]));
    } finally {
      this.#running = undefined;
    }
  }

  #readRequest(session: Session, { type, body }: Message): Request {
    switch (type) {
      case packetType.batch:
        return readBatchRequest(session, body);
      case packetType.rpc:
        return readRpcRequest(session, body, this.#prepared);
      case packetType.transactionManager:
        return readTransactionManagerRequest(session, body);
      default:
        throw new ProtocolError(`message of type ${type} after login`);
    }
  }

  /** The reply, or undefined if none is to be sent. */
  async #answer(request: Request, signal: AbortSignal): Promise<Buffer | undefined> {
    const { server } = this.#context;
    const { kind, operation } = request;
    const options = { kind, server, transactionId: this.#transactionId };
    const effect = await this.#meet(operation, this.#session?.database.name ?? "", signal);
    if (effect?.kind === "hang") return this.#hang();
    if (effect?.kind === "cutBefore") return this.#cut();
    if (signal.aborted) return undefined;
    if (effect?.kind === "error") return writeReply(this.#fail(injected(effect)), options);
    const outcome = await run(request, signal);
    if (effect?.kind === "cutAfter") return this.#cut();
    if (effect?.kind === "garbage") return writeGarbage();
    return outcome && writeReply(outcome, options);
  }

  #fail(error: SqlError): Outcome {
    const event = error.number === deadlockVictim && this.#session && endTransaction(this.#session, "rollback");
    return { outputs: event ? [{ kind: "transaction", event }] : [], error };
  }

  /** Waits for latency and faults, but no longer than the client. */
  async #meet(operation: string | undefined, database: string, signal?: AbortSignal): Promise<ActedEffect> {
    if (operation === undefined) return undefined;
    const { server, faults } = this.#context;
    const call: Call = { wire: "sql", operation, target: `${server}/${database}` };
    const met = faults.meet(call);
    return signal ? Promise.race([met, aborted(signal)]) : met;
  }

  #reset(session: Session, { keepsTransaction }: { keepsTransaction: boolean }): void {
    session.options = defaultOptions;
    session.lastIdentity = undefined;
    if (keepsTransaction) return;
    endTransaction(session, "rollback");
  }

  #send(body: Buffer): void {
    if (this.#stream?.writable) this.#stream.write(toPackets(packetType.reply, body, this.#packetSize));
  }

  #cut(): undefined {
    this.#socket.destroy();
    return undefined;
  }

  async #hang(): Promise<undefined> {
    if (!this.#socket.destroyed) await new Promise((resolve) => this.#socket.once("close", resolve));
    return undefined;
  }
}

async function run(request: Request, signal: AbortSignal): Promise<Outcome | undefined> {
  try {
    return await request.run(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof SqlError) return { outputs: [], error };
    // A bug in the simulator: report it to the client and in the output.
    console.error("SQL simulator: a statement failed", error);
    return { outputs: [], error: new SqlError(3624, `The SQL simulator failed: ${error}`) };
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function injected({ code, message }: { code: string | number; message?: string }): SqlError {
  const number = Number(code);
  if (!Number.isInteger(number))
    throw new Error(`A fault on the SQL wire needs an error number as code, not "${code}".`);
  return injectedError(number, message);
}
