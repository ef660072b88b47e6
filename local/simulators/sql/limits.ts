/** What one client may ask for before the simulator hangs up: a misbehaving one must not take the process with it. */
export const limits = {
  /** A client that has not logged in by then is cut off. */
  loginMs: 30_000,
  preloginBytes: 4_096,
  /** A LOGIN7 with an access token of 64 KB and room to spare. */
  loginBytes: 256 * 1024,
  /** One batch or RPC, its large values included. */
  messageBytes: 32 * 1024 * 1024,
  /** What LOGIN7 may negotiate (MS-TDS 2.2.3.1.3), and no more than a TLS record holds. */
  packetSize: { smallest: 512, largest: 16_384, default: 4_096 },
  /** Nesting of parentheses and blocks in one statement. */
  nesting: 100,
} as const;
