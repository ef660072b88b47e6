/** Limits beyond which the simulator disconnects a client: a misbehaving client must not bring down the process. */
export const limits = {
  /** A client must have logged in by then. */
  loginMs: 30_000,
  preloginBytes: 4_096,
  /** A LOGIN7 with an access token of 64 KB, with room to spare. */
  loginBytes: 256 * 1024,
  /** One batch or RPC, including large values. */
  messageBytes: 32 * 1024 * 1024,
  /** The sizes that LOGIN7 may negotiate (MS-TDS 2.2.3.1.3), at most what fits in a TLS record. */
  packetSize: { smallest: 512, largest: 16_384, default: 4_096 },
  /** Nesting of parentheses and blocks in one statement. */
  nesting: 100,
} as const;
