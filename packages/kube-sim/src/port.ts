/** The port that a person chose for the service. */
import { once } from "node:events";
import { createServer } from "node:net";

export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

/** Runs before anything is started, because the person who chose the port is waiting for the answer. */
export async function checkPort(port: number): Promise<void> {
  const probe = createServer();
  const listening = once(probe, "listening");
  probe.listen(port, "127.0.0.1");
  try {
    await listening;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EADDRINUSE")
      throw new PortTaken(
        `Port ${port} of 127.0.0.1 is taken by another program. Stop that program, or choose another port with --port.`,
        { cause },
      );
    if (code === "EACCES")
      throw new Error(`Port ${port} of 127.0.0.1 may not be used by this user. Choose one from 1024 on with --port.`, {
        cause,
      });
    throw cause;
  }
  const closed = once(probe, "close");
  probe.close();
  await closed;
}

const last = 65_535;

/** The next port that is free now; 0, which takes any, if there is none. */
export async function freePortAfter(port: number): Promise<number> {
  for (let next = port + 1; next <= last; next += 1) {
    const isFree = await checkPort(next).then(
      () => true,
      () => false,
    );
    if (isFree) return next;
  }
  return 0;
}
